// What may be typed after a program: declared once, read strictly by commander, and told by `--help` (decisions/0044).
import { Argument, Command, type CommanderError, Option } from 'commander'
import { nearest } from './nearest.js'
import { writeOutput } from './standard-output.js'

/** Where people read the answers. */
export type Terminal = Readonly<{
  /** writes a line to standard output */
  print: (line: string) => void
  /** writes a line to standard error */
  printError: (line: string) => void
}>

/* c8 ignore start -- used by processes of their own, which test/cli/usage.test.ts starts */
export const terminal: Terminal = {
  print: (line) => void writeOutput(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
}
/* c8 ignore stop */

export type OptionDeclaration = Readonly<{
  type: 'string' | 'boolean'
  /** what it does, and in which unit a value is */
  description: string
  /** what its value is called in the help, such as `NUMBER` */
  value?: string
  default?: string
}>

export type OptionDeclarations = Readonly<Record<string, OptionDeclaration>>

export type Declaration<Options extends OptionDeclarations = OptionDeclarations> = Readonly<{
  /** how it is started: `latchkey cleanup`, `npm run bench --` */
  program: string
  /** what it does, in one line */
  summary: string
  /** words that are no options; none where it is left out */
  words?: Readonly<{
    /** what they are called in the help, such as `PHONE|EMAIL` */
    usage: string
    description: string
    /** none of them has to be there */
    isOptional?: boolean
    /** there may be several of them */
    isMany?: boolean
    /** all that they may be */
    choices?: readonly string[]
    /** what they look like: another one is none of them, whatever the database holds */
    pattern?: RegExp
  }>
  options?: Options
}>

export type Values<Options extends OptionDeclarations> = {
  [Name in keyof Options]: Options[Name] extends { type: 'boolean' }
    ? boolean
    : Options[Name] extends { default: string }
      ? string
      : string | undefined
}

export type CommandLine<Options extends OptionDeclarations = OptionDeclarations> = Readonly<{
  words: readonly string[]
  values: Values<Options>
}>

/** What was typed cannot be used, and nothing was done. The message is one line; the exit code is 2. */
export class UsageError extends Error {}

/** The exit code after an error: 2 where nothing was done for what was typed, else 1. */
export function exitCodeAfter(error: unknown): 1 | 2 {
  return error instanceof UsageError ? 2 : 1
}

/** A number that was typed as the value of an option. */
export function wholeNumber(name: string, text: string, minimum = 1, maximum = 999_999_999): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw new UsageError(`${name} must be a whole number from ${minimum} to ${maximum}`)
}

/** Words up to `--`, after which nothing is an option. */
const beforeDashes = (typed: readonly string[]) =>
  typed.slice(0, typed.includes('--') ? typed.indexOf('--') : undefined)

/** Whether an option was typed at all, for what has to be known before the rest is read. */
export function hasOption(typed: readonly string[], ...names: readonly string[]): boolean {
  return beforeDashes(typed).some((word) => names.includes(word))
}

/** Whether somebody asks how to use a command, whatever else they typed. */
export const asksForHelp = (typed: readonly string[]) => hasOption(typed, '--help', '-h')

/** At the end of each help. */
const exitCodes =
  'Exit codes: 0 done; 1 it failed, or found something wrong;\n2 what was typed cannot be used, and nothing was done'

/** A command of commander, which throws where it would end the process, and prints nothing by itself. */
export function newCommand(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .helpOption('-h, --help', 'prints this')
    .helpCommand(false)
    .addHelpText('after', `\n${exitCodes}`)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeErr: () => {},
      getOutHelpWidth: () => 100,
      getOutHasColors: () => false,
    })
}

/** The command of a declaration. @param name the last word of its program, where it is one of several */
export function commandOf({ program, summary, words, options = {} }: Declaration, name = program): Command {
  const command = newCommand(name, summary)
  if (words !== undefined) {
    const usage = `${words.usage}${words.isMany ? '...' : ''}`
    const argument = new Argument(words.isOptional ? `[${usage}]` : `<${usage}>`, words.description)
    command.addArgument(argument.argParser((text) => checkedWord(words, text)))
  }
  for (const [name, option] of Object.entries(options)) command.addOption(optionOf(name, option))
  return command
}

function optionOf(name: string, { type, value, description, default: preset }: OptionDeclaration): Option {
  if (type === 'boolean') return new Option(`--${name}`, description)
  const option = new Option(`--${name} <${value}>`, description).argParser((text) => {
    // A value that begins with a dash is the next option: commander takes it for the value.
    if (text === '' || text.startsWith('-')) throw new UsageError(`--${name} needs a value: --${name} ${value}`)
    return text
  })
  return preset === undefined ? option : option.default(preset, preset)
}

/** @throws UsageError without the word, which may be somebody's */
function checkedWord(
  { usage, description, choices, pattern }: NonNullable<Declaration['words']>,
  text: string,
): string {
  if (choices !== undefined) return oneOf(choices, text)
  if (pattern?.test(text) === false)
    throw new UsageError(`That is no ${usage.replaceAll('|', ' or ')}; what is taken: ${description}`)
  return text
}

function oneOf(choices: readonly string[], text: string): string {
  if (choices.includes(text)) return text
  const meant = nearest(text, choices)
  throw new UsageError(
    `${text} is none of ${choices.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  )
}

/**
 * Reads what was typed after a program.
 *
 * @throws UsageError for an option or a word that is not declared, a value that is missing or too much, and for too few words
 */
export function parseCommandLine<const Options extends OptionDeclarations>(
  declaration: Declaration<Options>,
  typed: readonly string[],
): CommandLine<Options> {
  const command = commandOf(declaration)
  try {
    command.parse(typed, { from: 'user' })
  } catch (error) {
    throw usageErrorOf(error as CommanderError, declaration, command)
  }
  const values = command.options.map((option) => [option.name(), readValue(command, option)])
  return { words: command.args, values: Object.fromEntries(values) as Values<Options> }
}

/** What commander calls `primer` and sets to false, is `no-primer` here, and true. */
function readValue(command: Command, option: Option): string | boolean | undefined {
  const value = command.getOptionValue(option.attributeName())
  if (option.negate) return value === false
  return option.isBoolean() ? value === true : value
}

/** A refusal of commander in our words: never with a value that was typed, which may be a secret, and with what was meant. */
function usageErrorOf(error: CommanderError, { program, words, options = {} }: Declaration, command: Command): Error {
  const named = /'([^'= ]*)/.exec(error.message)?.[1] ?? ''
  const name = named.replace(/^--/, '')
  switch (error.code) {
    case 'commander.unknownOption':
      if (Object.hasOwn(options, name)) return new UsageError(`${named} takes no value`)
      return unknown('option', named, Object.keys(options))
    case 'commander.optionMissingArgument':
      return new UsageError(`${named} needs a value: ${named} ${options[name]?.value}`)
    case 'commander.missingArgument':
      return new UsageError(`Missing: ${words?.usage}; ${program} --help explains it`)
    case 'commander.excessArguments': {
      const [extra = ''] = command.args.slice(words === undefined ? 0 : 1)
      if (words === undefined) return unknown('word', extra, Object.keys(options))
      return new UsageError(`One word too many: ${extra}. What is taken: ${words.usage}`)
    }
    default:
      return error
  }
}

/** Any word is held against the options: `help` and `-users` mean one of them. */
function unknown(kind: 'option' | 'word', text: string, names: readonly string[]): UsageError {
  const meant = nearest(text.replace(/^-+/, ''), [...names, 'help'])
  const hint = meant === undefined ? '--help lists what there is' : `did you mean --${meant}?`
  return new UsageError(`Unknown ${kind} ${text}; ${hint}`)
}

/** How to use a command: what it is for, how it is typed, words, options, exit codes. */
export function helpOf(command: Command): string {
  const lines: string[] = []
  command.configureOutput({ writeOut: (text) => lines.push(text) }).outputHelp()
  return lines.join('').trimEnd()
}

/**
 * Answers what needs no work: a question for help, and what cannot be used. Returns the exit code, 0 and 2, or null where there
 * is work to do. Nothing is read and nothing opened for it.
 */
export function answerUsage(
  declaration: Declaration,
  typed: readonly string[],
  { print, printError }: Terminal,
): 0 | 2 | null {
  if (asksForHelp(typed)) {
    print(helpOf(commandOf(declaration)))
    return 0
  }
  try {
    parseCommandLine(declaration, typed)
    return null
  } catch (error) {
    printError((error as UsageError).message)
    return 2
  }
}

/* c8 ignore start -- ends the process: test/cli/usage.test.ts starts some */
/** What was typed after a program. Ends the process where there is no work to do: 0 after the help, 2 after a refusal. */
export function parseCommandLineOrExit<const Options extends OptionDeclarations>(
  declaration: Declaration<Options>,
  typed: readonly string[],
): CommandLine<Options> {
  const answered = answerUsage(declaration, typed, terminal)
  if (answered !== null) process.exit(answered)
  return parseCommandLine(declaration, typed)
}
/* c8 ignore stop */
