// The service as a child process: as it was built, or as it is written and started again at every change of its code.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exitCodeOf, signalGroup } from './processes.js'

// The service takes up to ten seconds to finish its requests.
const patienceMilliseconds = 10_000

export type RunningServer = {
  /** Resolves when the process ends, which a watcher does only when told to, or when it can't start at all. */
  ended: Promise<number>
  /** Asks the service to end, and kills it if it takes more than ten seconds. */
  end(): Promise<void>
  kill(): void
}

export type ServerOptions = Readonly<{
  projectDirectory: string
  environment: Record<string, string>
  isWatched: boolean
}>

/** Starts the service, src/server.ts under `tsx watch` where it is watched; log lines are printed readably, others as they are. */
export async function startServer({ projectDirectory, environment, isWatched }: ServerOptions): Promise<RunningServer> {
  const show = await prettyPrinter()
  // In a process group of its own: Ctrl-C reaches us only, and we end the service first and its database then.
  const child = spawn(
    process.execPath,
    isWatched ? watching() : [fileURLToPath(new URL('attached-server.js', import.meta.url))],
    {
      cwd: projectDirectory,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      detached: true,
    },
  )
  const ended = exitCodeOf(child)
  if (child.stdout) {
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => process.stdout.write(line.startsWith('{') ? show(line) : `${line}\n`))
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

/** The arguments of Node.js for the service as it is written. */
function watching(): string[] {
  const watch = fileURLToPath(new URL('watch.ts', import.meta.url))
  return ['--import', import.meta.resolve('tsx'), watch, 'watch', '--clear-screen=false', 'src/server.ts']
}

/** Log lines as people read them; as they are where pino-pretty, an optional package, is not installed. */
async function prettyPrinter(): Promise<(line: string) => string> {
  const pretty = await import('pino-pretty').catch(() => null)
  if (pretty === null) return (line) => `${line}\n`
  return pretty.default.prettyFactory({
    colorize: process.stdout.isTTY === true,
    ignore: 'pid,hostname',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
  })
}
