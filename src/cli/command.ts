// What every command does around its work: what was typed, its environment, its lines for people or its document for programs, and its
// exit code.
import {
  type CommandLine,
  type Declaration,
  exitCodeAfter,
  hasOption,
  type OptionDeclarations,
  parseCommandLine,
  type Terminal,
  UsageError,
} from '../config/command-line.js'
import { describeFailure } from '../database/migration-failures.js'
import { visibleJson, visibleText } from '../showing.js'

export type CommandContext = Terminal &
  Readonly<{
    /** what was typed after the command */
    words: readonly string[]
    environment: Readonly<Record<string, string | undefined>>
    /** asks the person at the terminal; undefined where nobody is there to answer */
    ask?: ((question: string) => Promise<string>) | undefined
  }>

/** The context of a command's work: `words` without the options, which are `values`. */
export type WorkContext<Options extends OptionDeclarations = OptionDeclarations> = CommandContext &
  CommandLine<Options> &
  Readonly<{
    /** a line for people while the work goes on: on standard error with `--json`, where standard output is one document */
    say: (line: string) => void
    /** what came of it, once: as lines for people, or as the document of `--json` */
    answer: (document: object, lines: readonly string[]) => void
  }>

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

/** An error in one line for people, or as programs read it: `usage` where nothing was done for what was typed, else `failure`. */
export function tellError(error: unknown, isJson: boolean, printError: Terminal['printError']): void {
  const message = describeFailure(error)
  const kind = error instanceof UsageError ? 'usage' : 'failure'
  printError(isJson ? JSON.stringify({ error: { kind, message } }) : message)
}

/** Does a command's work; returns the exit code: 1 after a failure and 2 for what cannot be used, told in one line. */
export async function perform(command: Command, context: CommandContext): Promise<number> {
  const { words: typed } = context
  // Whatever people, their providers and their devices have written into the database, a terminal shows it.
  const print = (line: string) => context.print(visibleText(line))
  const printError = (line: string) => context.printError(visibleText(line))
  const isJson = hasOption(typed, '--json')
  try {
    const line = parseCommandLine(command.declaration, typed)
    const say = isJson ? printError : print
    const answer = (document: object, lines: readonly string[]) => {
      if (isJson) print(visibleJson(JSON.stringify(document, null, 2)))
      else for (const line of lines) print(line)
    }
    return await command.work({ ...context, ...line, print, printError, say, answer })
  } catch (error) {
    tellError(error, isJson, printError)
    return exitCodeAfter(error)
  }
}
