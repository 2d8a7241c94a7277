// The server process: find the one that runs, start one, wait until it answers, stop it.
import { spawn } from 'node:child_process'
import { open, readFile, realpath, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, placement, runAs } from './postgres-account.js'
import type { Binaries } from './postgres-binaries.js'
import { withConnection } from './postgres-query.js'
import { commandLineOf, isAlive } from './processes.js'

export type ServerLocation = { binaries: Binaries; account: Account | undefined; dataDirectory: string }

export type LaunchOptions = ServerLocation & { port: number; logFile: string; settings: Record<string, string> }

const pollMilliseconds = 25
const stopSeconds = 30
// Above what any system gives out.
const impossiblePid = 2_147_483_647

/** The server that runs on the data directory, or undefined; a file left by a dead one doesn't count. */
export async function findServer(dataDirectory: string): Promise<{ port: number } | undefined> {
  const { pid, port } = await readPidFile(dataDirectory)
  return pid && port && (await isServerOf(dataDirectory, pid)) ? { port } : undefined
}

/**
 * Makes a file left by a dead server harmless whose process id another process has by now (or its own remains, where
 * nobody collects them): PostgreSQL takes that for a running server. It still checks for the dead one's children.
 */
export async function disarmPidFile(dataDirectory: string): Promise<void> {
  const { path, pid, content } = await readPidFile(dataDirectory)
  if (!pid || !isAlive(pid) || (await isServerOf(dataDirectory, pid))) return
  await writeFile(path, content.replace(/^\d+/, String(impossiblePid)))
}

async function readPidFile(dataDirectory: string) {
  const path = join(dataDirectory, 'postmaster.pid')
  const content = await readFile(path, 'utf8').catch(() => '')
  const [pid, , , port] = content.split('\n').map(Number)
  return { path, content, pid, port }
}

async function isServerOf(dataDirectory: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false
  const commandLine = await commandLineOf(pid)
  // Where the system doesn't tell, PostgreSQL's own check has the last word.
  return commandLine === undefined || commandLine.includes(` -D ${dataDirectory} `)
}

/**
 * Starts a server of its own session, so that Ctrl-C in the terminal leaves it alone until it is stopped in order.
 * It listens on 127.0.0.1 only and on no socket file. The result tells, while it ends early, with which error.
 */
export async function launchServer(options: LaunchOptions): Promise<{ failure: () => Promise<Error | undefined> }> {
  const { binaries, account, dataDirectory, port, logFile, settings } = options
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await open(logFile, 'w', 0o600)
  let ended: string | undefined
  const server = spawn(binaries.postgres, ['-D', dataDirectory, '-p', String(port), ...args], {
    ...placement(account),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  server.once('error', (error) => {
    ended = error.message
  })
  server.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`
  })
  server.unref()
  await log.close()
  return {
    failure: async () => {
      if (ended === undefined) return undefined
      const log = await readFile(logFile, 'utf8').catch(() => '')
      const fatal = [...log.matchAll(/(?:FATAL|PANIC): +(.*)/g)].map(([, message]) => message)
      // Our own attempts to connect leave lines as well.
      const reason = fatal.findLast((message) => !message?.startsWith('the database system is'))
      return new Error(`PostgreSQL did not start: ${reason ?? ended} (see ${logFile})`)
    },
  }
}

/**
 * Waits until the server answers and says that the data directory is ours.
 * Rejects with its last error after `milliseconds`, or with the error that `failure` gives as soon as there is one.
 */
export async function waitUntilReady(
  url: string,
  dataDirectory: string,
  milliseconds: number,
  failure: () => Promise<Error | undefined>,
): Promise<void> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const problem = await problemWith(url, dataDirectory)
    if (!problem) return
    const reason = await failure()
    if (reason) throw reason
    if (Date.now() > deadline) throw new Error(`PostgreSQL on ${dataDirectory} does not answer: ${problem.message}`)
    await sleep(pollMilliseconds)
  }
}

/** Stops the server, ending its connections (a "fast" shutdown), and waits until it has. Rejects if it doesn't. */
export async function stopServer({ binaries, account, dataDirectory }: ServerLocation): Promise<void> {
  const args = ['stop', '-D', dataDirectory, '-m', 'fast', '-w', '-t', String(stopSeconds)]
  await runAs(account, binaries.pgCtl, args).catch(async () => {
    const isGone = (await findServer(dataDirectory)) === undefined
    if (!isGone) throw new Error(`PostgreSQL on ${dataDirectory} does not stop`)
  })
}

/** The preferred port if it is free on 127.0.0.1, else another: outside the range that systems lend to connections. */
export async function choosePort(preferred: number): Promise<number> {
  for (let port = preferred; ; port = 20_000 + Math.floor(Math.random() * 10_000)) {
    if (port !== 0 && (await isFree(port))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

async function problemWith(url: string, dataDirectory: string): Promise<Error | undefined> {
  try {
    const { rows } = await withConnection(url, (client) =>
      client.query<{ data_directory: string }>('SHOW data_directory'),
    )
    const answered = rows[0]?.data_directory ?? ''
    if ((await realpath(answered)) === (await realpath(dataDirectory))) return undefined
    return new Error(`it serves ${answered}`)
  } catch (error) {
    return error as Error
  }
}
