// What every command does around its work: what was typed, its environment, its lines for people and its exit code.
import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  answerUsage,
  type CommandLine,
  type Declaration,
  exitCodeAfter,
  type OptionDeclarations,
  parseCommandLine,
  type Terminal,
  terminal,
} from '../config/command-line.js'
import { loadEnvironmentFile } from '../config/environment-file.js'
import { describeFailure } from '../database/migration-failures.js'

export type CommandContext = Terminal &
  Readonly<{
    /** what was typed after the command */
    words: readonly string[]
    environment: Readonly<Record<string, string | undefined>>
  }>

/** The context of a command's work: `words` without the options, which are `values`. */
export type WorkContext<Options extends OptionDeclarations = OptionDeclarations> = CommandContext & CommandLine<Options>

export type Command = Readonly<{
  declaration: Declaration
  /** Returns the exit code. What it throws is an expected failure whose message is one line. */
  work: (context: WorkContext) => Promise<number>
}>

/** A command: what may be typed after it, and its work, which is done with nothing else. */
export function defineCommand<const Options extends OptionDeclarations>(
  declaration: Declaration<Options>,
  work: (context: WorkContext<Options>) => Promise<number>,
): Command {
  return { declaration, work: work as Command['work'] }
}

/** Does a command's work; returns the exit code: 1 after a failure and 2 for what cannot be used, told in one line. */
export async function perform(command: Command, context: CommandContext): Promise<number> {
  const answered = answerUsage(command.declaration, context.words, context)
  if (answered !== null) return answered
  try {
    return await command.work({ ...context, ...parseCommandLine(command.declaration, context.words) })
  } catch (error) {
    context.printError(describeFailure(error))
    return exitCodeAfter(error)
  }
}

/** Runs a command if its module is the program that was started; does nothing where the module is only imported. */
export async function runIfMain(moduleUrl: string, command: Command): Promise<void> {
  const program = process.argv[1]
  if (program === undefined || realpathSync(program) !== fileURLToPath(moduleUrl)) return
  /* c8 ignore start -- runs in processes of their own, which test/cli starts */
  const words = process.argv.slice(2)
  // The image has no npm.
  const typed = program.endsWith('.js') ? `node ${relative(process.cwd(), program)}` : undefined
  const answered = answerUsage(command.declaration, words, terminal, typed)
  if (answered === null) loadEnvironmentFile()
  // Not process.exit(), which would cut off what is not yet written.
  process.exitCode = answered ?? (await perform(command, { ...terminal, words, environment: process.env }))
  /* c8 ignore stop */
}
