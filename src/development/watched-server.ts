// The service as a child process that is started again at every change of its code.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pinoPretty from 'pino-pretty'
import { exitCodeOf, signalGroup } from './processes.js'

// The service takes up to ten seconds to finish its requests.
const patienceMilliseconds = 10_000

export type WatchedServer = {
  /** Resolves when the watcher ends, which it does only when told to, or when it can't start at all. */
  ended: Promise<number>
  /** Asks the service to end, and kills it if it takes more than ten seconds. */
  end(): Promise<void>
  kill(): void
}

/** Starts src/server.ts under `tsx watch`; its log lines are printed readably, its other lines as they are. */
export function startWatchedServer(projectDirectory: string, environment: Record<string, string>): WatchedServer {
  const watch = fileURLToPath(new URL('watch.ts', import.meta.url))
  const args = ['--import', import.meta.resolve('tsx'), watch, 'watch', '--clear-screen=false', 'src/server.ts']
  // In a process group of its own: Ctrl-C reaches us only, and we end the service first and its database then.
  const child = spawn(process.execPath, args, {
    cwd: projectDirectory,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  })
  const ended = exitCodeOf(child)
  const pretty = pinoPretty.prettyFactory({
    colorize: process.stdout.isTTY === true,
    ignore: 'pid,hostname',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
  })
  if (child.stdout) {
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => process.stdout.write(line.startsWith('{') ? pretty(line) : `${line}\n`))
  }

  const kill = () => signalGroup(child, 'SIGKILL')
  const end = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(kill, patienceMilliseconds)
    await ended
    clearTimeout(timer)
  }
  return { ended, end, kill }
}
