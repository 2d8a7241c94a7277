// Runs one of the service's commands with development's environment: `tsx src/development/run.ts <entry> [arguments]`.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { answerUsage, isDeclared, terminal } from '../config/command-line.js'
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

/** The exit code where the command has no work to do for these words: no database is started to tell how to use it. */
async function answerFor(entry: string, words: string[]): Promise<number | null> {
  if (words.length === 0) return null
  const exported = Object.values(await import(pathToFileURL(resolve(entry)).href))
  const command = exported.find(isDeclared)
  return command === undefined ? null : answerUsage(command.declaration, words, terminal)
}

async function run(entry: string, args: string[]): Promise<number> {
  if (!existsSync(join(projectDirectory, 'src', 'generated'))) await generateClient(projectDirectory)
  const answered = await answerFor(entry, args)
  if (answered !== null) return answered
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
if (entry === undefined || entry.startsWith('-')) {
  tell('Usage: tsx src/development/run.ts ENTRY.ts [ARGUMENTS]')
  process.exit(2)
}
run(entry, args).then(
  (code) => process.exit(code),
  (error: Error) => {
    tell(error.message)
    process.exit(1)
  },
)
