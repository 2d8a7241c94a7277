// Servers as processes: started on their core, waited for, asked what they cost, ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { choosePort } from '../../src/development/postgres-process.js'
import { exitCodeOf } from '../../src/development/processes.js'
import { pinned } from './cores.js'
import type { Settings } from './settings.js'

export type Server = Readonly<{
  url: string
  pid: number
  /** from the start of the process to its first 200 on the ready path */
  startMilliseconds: number
  /** Ends it in order. */
  stop: () => Promise<void>
}>

export type ServerOptions = Readonly<{
  projectDirectory: string
  program: string
  readyPath: string
  cores: string | null
  /** of Node.js itself */
  nodeArguments?: readonly string[]
  settings: (port: number) => Settings
}>

/** As `npm start` has it, for all contestants: MiB of the space where objects begin, most of which do not outlive a request. */
const nodeFlags = ['--max-semi-space-size=64']

const startLimitMilliseconds = 60_000
const children = new Set<ChildProcess>()

/** Ends every server at once, for a run that is given up. */
export function killServers(): void {
  for (const child of children) child.kill('SIGKILL')
}

export async function startServer(options: ServerOptions): Promise<Server> {
  const { projectDirectory, program, readyPath, cores, nodeArguments = [] } = options
  const port = await choosePort(0)
  const folder = join(projectDirectory, '.data', 'bench')
  mkdirSync(folder, { recursive: true })
  // What a server logs goes to a file, as in production it goes somewhere: writing it is part of the work.
  const logFile = join(folder, `${program.replaceAll(/\W+/g, '-')}-${port}.log`)
  const log = openSync(logFile, 'w')
  const command = pinned(cores, process.execPath, [...nodeFlags, ...nodeArguments, join(projectDirectory, program)])
  const started = performance.now()
  // In a folder without `.env`, so that no setting of a developer gets in.
  const child = spawn(command.program, command.args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...options.settings(port) },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  children.add(child)
  const exited = exitCodeOf(child).finally(() => children.delete(child))
  const url = `http://127.0.0.1:${port}`
  const ended = exited.then((code) => Promise.reject(new Error(`${program} ended with ${code}: see ${logFile}`)))
  await Promise.race([waitUntilReady(`${url}${readyPath}`, started + startLimitMilliseconds), ended])
  // From here on its end is noticed by the connections to it.
  ended.catch(() => undefined)
  return {
    url,
    pid: Number(child.pid),
    startMilliseconds: performance.now() - started,
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function waitUntilReady(url: string, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const answer = await fetch(url).catch(() => null)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await sleep(5)
  }
  throw new Error(`${url} did not become ready`)
}
