// The load generator as a process of its own, asked over the channel that Node.js opens to a child.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Command, Measurement, Reply } from '../protocol.js'
import { pinned } from './cores.js'

export type Generator = Readonly<{
  gatewayUrl: string
  /** Does what is asked. Rejects with the reason why it could not, or why an answer was wrong. */
  tell: (command: Exclude<Command, { kind: 'measure' | 'enough' }>) => Promise<void>
  measure: (command: Extract<Command, { kind: 'measure' }>) => Promise<Measurement>
  /** Ends the window at a fixed rate that is being measured. */
  enough: () => void
  stop: () => void
}>

export async function startGenerator(projectDirectory: string, cores: string | null): Promise<Generator> {
  const program = join(projectDirectory, 'bench', 'generator', 'main.ts')
  const command = pinned(cores, process.execPath, ['--import', 'tsx', program])
  const child = spawn(command.program, command.args, {
    cwd: projectDirectory,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const first = await nextReply(child)
  if (first.kind !== 'started') throw new Error('the load generator did not start')

  async function ask(request: Command): Promise<Reply> {
    const reply = nextReply(child)
    child.send(request)
    const answer = await reply
    if (answer.kind === 'failed') throw new Error(answer.reason)
    return answer
  }

  return {
    gatewayUrl: first.gatewayUrl,
    async tell(request) {
      await ask(request)
    },
    async measure(request) {
      const answer = await ask(request)
      if (answer.kind !== 'measured') throw new Error('the load generator gave no measurement')
      return answer.measurement
    },
    enough() {
      // One that has ended has enough.
      if (child.connected) child.send({ kind: 'enough' } satisfies Command)
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

async function nextReply(child: ChildProcess): Promise<Reply> {
  const controller = new AbortController()
  const { signal } = controller
  try {
    const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('the load generator ended')))
    const [reply] = (await Promise.race([once(child, 'message', { signal }), ended])) as [Reply]
    return reply
  } finally {
    controller.abort()
  }
}
