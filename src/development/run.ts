// Runs one of the service's commands with development's environment: `tsx src/development/run.ts <entry> [arguments]`.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepareDevelopmentEnvironment } from './environment.js'
import { generateClient } from './generate-client.js'
import { exitCodeOf } from './processes.js'
import { onEndRequest } from './signals.js'

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url))
// The command's output is its own: what we have to say goes to standard error.
const tell = (line: string) => process.stderr.write(`${line}\n`)

let command: ChildProcess | undefined
onEndRequest((count, signal) => {
  // The terminal has sent Ctrl-C to the command as well.
  const hasIt = signal === 'SIGINT' && process.stdin.isTTY
  if (!hasIt) command?.kill(count === 1 ? signal : 'SIGKILL')
})

async function run(entry: string, args: string[]): Promise<number> {
  if (!existsSync(join(projectDirectory, 'src', 'generated'))) await generateClient(projectDirectory)
  const prepared = await prepareDevelopmentEnvironment({ projectDirectory, onProgress: tell })
  try {
    command = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), entry, ...args], {
      env: prepared.environment,
      stdio: 'inherit',
    })
    return await exitCodeOf(command)
  } finally {
    await prepared.stop()
  }
}

const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) {
  tell('usage: tsx src/development/run.ts <entry.ts> [arguments]')
  process.exit(2)
}
run(entry, args).then(
  (code) => process.exit(code),
  (error: Error) => {
    tell(error.message)
    process.exit(1)
  },
)
