// `latchkey`: finds the command that was typed. Help and refusals need the declarations alone: for them no command is loaded, no setting
// read and nothing opened.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import {
  asksForHelp,
  commandOf,
  hasOption,
  helpOf,
  newCommand,
  parseCommandLine,
  type Terminal,
  UsageError,
} from '../config/command-line.js'
import { nearest } from '../config/nearest.js'
import type { CommandContext } from './command.js'
import { commands, type Listed } from './commands.js'
import { groups, namesBelow } from './tree.js'

/** What a command works with, and its end. */
export type OpenEnvironment = Pick<CommandContext, 'environment' | 'ask'> & Readonly<{ close: () => Promise<void> }>

export type LatchkeyContext = Terminal &
  Readonly<{
    /** Called when there is work to do, and not before; tells people what it does, where people read it. */
    open: (command: Listed, tell: (line: string) => void) => Promise<OpenEnvironment>
  }>

/** What the first words name: a command, or a group of them. */
export type Place = Readonly<{ path: string; command: Listed | undefined; rest: readonly string[] }>

const declarations = commands.map(({ declaration }) => declaration)
const commandAt = (path: string) => commands.find(({ declaration }) => declaration.program === path)

/** @throws UsageError for a word that names nothing, with the nearest one that does */
export function findPlace(typed: readonly string[]): Place {
  let path = 'latchkey'
  for (const [index, word] of typed.entries()) {
    const command = commandAt(path)
    if (command !== undefined || word.startsWith('-')) return { path, command, rest: typed.slice(index) }
    const names = namesBelow(path, declarations)
    if (!names.includes(word)) throw unknownCommand(path, word, names)
    path = `${path} ${word}`
  }
  return { path, command: commandAt(path), rest: [] }
}

function unknownCommand(path: string, word: string, names: readonly string[]): UsageError {
  // Old names say more than letters do: `db:migrate` is `migrate`.
  const meant = nearest(word.replace(/^db:/, ''), names)
  const hint = meant === undefined ? `${path} --help lists what there is` : `did you mean ${path} ${meant}?`
  return new UsageError(`Unknown command ${word}; ${hint}`)
}

/** The commander of a group, for its help. */
function groupOf(path: string): Command {
  const group = newCommand(path, String(groups[path]))
  for (const name of namesBelow(path, declarations)) {
    const program = `${path} ${name}`
    const leaf = commandAt(program)
    group.addCommand(leaf === undefined ? newCommand(name, String(groups[program])) : commandOf(leaf.declaration, name))
  }
  return path === 'latchkey' ? group.version('', '-V, --version', 'prints the version') : group
}

/** What `--help` says at a place. */
export function helpAt({ path, command }: Pick<Place, 'path' | 'command'>): string {
  return helpOf(command === undefined ? groupOf(path) : commandOf(command.declaration))
}

/** The command to work with what was typed after it, or the text that answers. */
function chooseCommand(typed: readonly string[]) {
  const words = typed[0] === 'help' ? [...typed.slice(1), '--help'] : typed
  const place = findPlace(words)
  const { path, command, rest } = place
  if (asksForHelp(words)) return helpAt(place)
  if (path === 'latchkey' && hasOption(rest, '--version', '-V')) return version()
  if (command === undefined) {
    // No option stands before a command.
    parseCommandLine({ program: path, summary: '' }, rest)
    throw new UsageError(`Missing: one of ${namesBelow(path, declarations).join(', ')}; ${path} --help explains them`)
  }
  parseCommandLine(command.declaration, rest)
  return { listed: command, rest }
}

export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String(Reflect.get(Object(manifest), 'version'))
}

/** Does what was typed after `latchkey`; returns the exit code. */
export async function runLatchkey(typed: readonly string[], context: LatchkeyContext): Promise<number> {
  const { print, printError, open } = context
  const isJson = hasOption(typed, '--json')
  let chosen: ReturnType<typeof chooseCommand>
  try {
    chosen = chooseCommand(typed)
  } catch (error) {
    const { message } = error as UsageError
    printError(isJson ? JSON.stringify({ error: { kind: 'usage', message } }) : message)
    return 2
  }
  if (typeof chosen === 'string') {
    print(chosen)
    return 0
  }
  const { listed, rest } = chosen
  const { perform, tellError } = await import('./command.js')
  try {
    const [command, { close, ...given }] = await Promise.all([
      listed.load(),
      open(listed, isJson ? () => {} : printError),
    ])
    try {
      return await perform(command, { print, printError, words: rest, ...given })
    } finally {
      await close()
    }
  } catch (error) {
    tellError(error, isJson, printError)
    return 1
  }
}
