// Commands and the groups they stand in, as `--help` and completion show them.
import type { Declaration } from '../config/command-line.js'

/** What the words are for that have commands below them. */
export const groups: Readonly<Record<string, string>> = {
  latchkey: 'Passwordless sign-in service: one-time codes by SMS and email, accounts and sessions over a REST API.',
  'latchkey keys': 'Makes secrets, and replaces them step by step.',
  'latchkey admin': 'Makes admins, lists them, and makes them none again.',
  'latchkey users': 'Finds users, and does for them what support has to.',
  'latchkey api-keys': 'Makes API keys for back ends, lists them, and takes them away.',
  'latchkey events': 'Deliveries of events that were given up, and sending them again.',
  'latchkey numbers': 'Finds stored numbers that a country has changed, and moves accounts to what they became.',
}

/** Names one level below a path: `new` and `rotate` below `latchkey keys`. */
export function namesBelow(path: string, declarations: readonly Declaration[]): string[] {
  const below = declarations.map(({ program }) => program).filter((program) => program.startsWith(`${path} `))
  return [...new Set(below.map((program) => String(program.slice(path.length + 1).split(' ')[0])))]
}
