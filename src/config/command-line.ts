// What may be typed after a command: declared once, read strictly, and told by `--help`.
import { parseArgs } from 'node:util'
import { nearest } from './nearest.js'

/** Where people read the answers. */
export type Terminal = Readonly<{
  /** writes a line to standard output */
  print: (line: string) => void
  /** writes a line to standard error */
  printError: (line: string) => void
}>

/* c8 ignore start -- used by processes of their own, which test/cli/usage.test.ts starts */
export const terminal: Terminal = {
  print: (line) => process.stdout.write(`${line}\n`),
  printError: (line) => process.stderr.write(`${line}\n`),
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
  /** npm's script: `cleanup` is typed as `npm run cleanup` */
  script: string
  /** what it does, in one line */
  summary: string
  /** words that are no options; none where it is left out */
  words?: Readonly<{
    /** what they are called in the help, such as `PHONE|EMAIL` */
    usage: string
    description: string
    minimum: number
    maximum: number
  }>
  options?: Options
}>

/** Whether something that a module exports is a program with a declaration. */
export function isDeclared(value: unknown): value is Readonly<{ declaration: Declaration }> {
  return typeof value === 'object' && value !== null && 'declaration' in value
}

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

/** Whether somebody asks how to use a command, whatever else they typed. */
export function asksForHelp(typed: readonly string[]): boolean {
  const end = typed.indexOf('--')
  return typed.slice(0, end < 0 ? undefined : end).some((word) => word === '--help' || word === '-h')
}

/**
 * Reads what was typed after a command.
 *
 * @throws UsageError for an option or a word that is not declared, a value that is missing or too much, and for too few words
 */
export function parseCommandLine<const Options extends OptionDeclarations>(
  { script, words: expected, options = {} as Options }: Declaration<Options>,
  typed: readonly string[],
): CommandLine<Options> {
  const [args, names] = [[...typed], Object.keys(options)]
  // Loosely, and judged here: what parseArgs says of a fault is advice for whoever calls parseArgs.
  const { values, positionals, tokens } = parseArgs({
    args,
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const name = String(args[token.index]).replace(/=.*/s, '')
    if (name !== `--${token.name}` || !Object.hasOwn(options, token.name)) throw unknown('option', name, names)
    checkValue(name, options[token.name], token)
  }
  const { minimum = 0, maximum = 0, usage = '' } = expected ?? {}
  const extra = positionals[maximum]
  if (extra !== undefined && maximum === 0) throw unknown('word', extra, names)
  if (extra !== undefined) throw new UsageError(`One word too many: ${extra}. What is taken: ${usage}`)
  if (positionals.length < minimum) throw new UsageError(`Missing: ${usage}; npm run ${script} -- --help explains it`)
  const flags = names.filter((name) => options[name]?.type === 'boolean').map((name) => [name, values[name] === true])
  return { words: positionals, values: { ...values, ...Object.fromEntries(flags) } as Values<Options> }
}

type OptionToken = Readonly<{ value?: string | undefined; inlineValue?: boolean | undefined }>

function checkValue(name: string, option: OptionDeclaration | undefined, { value, inlineValue }: OptionToken): void {
  if (option?.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${name} takes no value`)
  } else if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
    // A value that begins with a dash is more often the next option; `--name=-value` says that it is meant.
    throw new UsageError(`${name} needs a value: ${name} ${option?.value}`)
  }
}

/** Any word is held against the options: `help` and `-users` mean one of them. */
function unknown(kind: 'option' | 'word', text: string, names: readonly string[]): UsageError {
  const meant = nearest(text.replace(/^-+/, ''), [...names, 'help'])
  const hint = meant === undefined ? '--help lists what there is' : `did you mean --${meant}?`
  return new UsageError(`Unknown ${kind} ${text}; ${hint}`)
}

/** How to use a command, `program` being how it was started: `npm run cleanup --`, `node dist/cli/cleanup.js`. */
export function helpOf({ summary, words, options = {} }: Declaration, program: string): string {
  const rows = Object.entries(options).map(([name, { value, description, default: preset }]) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    preset === undefined ? description : `${description} (${preset})`,
  ])
  const all = [...(words ? [[words.usage, words.description]] : []), ...rows, ['-h, --help', 'prints this']]
  const width = Math.max(...all.map(([term = '']) => term.length))
  const usage = [program, ...(rows.length > 0 ? ['[options]'] : []), ...(words ? [words.usage] : [])].join(' ')
  const table = all.map(([term = '', text]) => `  ${term.padEnd(width)}  ${text}`)
  const codes =
    'Exit codes: 0 done; 1 it failed, or found something wrong; 2 what was typed cannot be used, and nothing was done'
  return [summary, '', `Usage: ${usage.replace(/ --$/, '')}`, '', ...table, '', codes].join('\n')
}

/**
 * Answers what needs no work: a question for help, and what cannot be used. Returns the exit code, 0 and 2, or null where there
 * is work to do. Nothing is read and nothing opened for it.
 */
export function answerUsage(
  declaration: Declaration,
  typed: readonly string[],
  { print, printError }: Terminal,
  program = `npm run ${declaration.script} --`,
): 0 | 2 | null {
  if (asksForHelp(typed)) {
    print(helpOf(declaration, program))
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
  program?: string,
): CommandLine<Options> {
  const answered = answerUsage(declaration, typed, terminal, program)
  if (answered !== null) process.exit(answered)
  return parseCommandLine(declaration, typed)
}
/* c8 ignore stop */
