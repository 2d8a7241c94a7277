// What every command does around its work: its words, its environment, its lines for people and its exit code.
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadEnvironmentFile } from '../config/environment-file.js'
import { describeFailure } from '../database/migration-failures.js'

export type CommandContext = Readonly<{
  /** what was typed after the command */
  words: string[]
  environment: Readonly<Record<string, string | undefined>>
  /** writes a line to standard output */
  print: (line: string) => void
  /** writes a line to standard error */
  printError: (line: string) => void
}>

/** A command's work; returns the exit code. What it throws is an expected failure whose message is one line. */
export type Command = (context: CommandContext) => Promise<number>

/** Does a command's work; returns the exit code, which is 1 after an error, told in one line. */
export async function perform(command: Command, context: CommandContext): Promise<number> {
  try {
    return await command(context)
  } catch (error) {
    context.printError(describeFailure(error))
    return 1
  }
}

/** Runs a command if its module is the program that was started; does nothing where the module is only imported. */
export async function runIfMain(moduleUrl: string, command: Command): Promise<void> {
  const program = process.argv[1]
  if (program === undefined || realpathSync(program) !== fileURLToPath(moduleUrl)) return
  /* c8 ignore start -- runs in processes of their own, which test/cli starts */
  loadEnvironmentFile()
  // Not process.exit(), which would cut off what is not yet written.
  process.exitCode = await perform(command, {
    words: process.argv.slice(2),
    environment: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
    printError: (line) => process.stderr.write(`${line}\n`),
  })
  /* c8 ignore stop */
}
