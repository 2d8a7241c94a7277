// The settings of a command: the environment, `.env` beside it, and where there is no database, that of `latchkey dev`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { loadEnvironmentFile } from '../config/environment-file.js'
import type { Listed } from './commands.js'
import type { OpenEnvironment } from './latchkey.js'

/* c8 ignore start -- tests run what is compiled, and have no terminal */
/** In the repository we run as we are written; the package and the image have the build. */
export const isSource = import.meta.url.endsWith('.ts')

/** Where `.env` and `.data` are: in the folder in which a command is typed, unless LATCHKEY_HOME names another, as our wrapper for systemd does. */
export const placeOfProject = () =>
  isSource ? fileURLToPath(new URL('../..', import.meta.url)) : (process.env['LATCHKEY_HOME'] ?? process.cwd())

/** Asks the person, on standard error; undefined where nobody is there to answer. */
const ask = process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : undefined

async function askAtTerminal(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await reader.question(question)
  } finally {
    reader.close()
  }
}
/* c8 ignore stop */

/**
 * Whether a command works on the database of development: where no other is set. Outside of the repository also `latchkey dev` has to
 * have run in this folder: nobody who forgot DATABASE_URL in production gets an empty database instead. Where one is set, NODE_ENV alone
 * says what it is, and unset it says production.
 */
function isOfDevelopment(environment: NodeJS.ProcessEnv): boolean {
  const isSet = ['DATABASE_URL', 'DATABASE_URL_FILE', 'DIRECT_DATABASE_URL'].some((name) => environment[name])
  const isProduction = environment['NODE_ENV'] === 'production'
  return !isSet && !isProduction && (isSource || existsSync(join(placeOfProject(), '.data', 'secrets.json')))
}

/** @param tell says what happens before the command's own work, such as the start of a database */
export async function openEnvironment(
  { needsDatabase }: Listed,
  tell: (line: string) => void,
): Promise<OpenEnvironment> {
  const folder = placeOfProject()
  loadEnvironmentFile(join(folder, '.env'))
  if (!needsDatabase || !isOfDevelopment(process.env)) return { environment: process.env, ask, close: async () => {} }
  // Whoever believes that their settings name another one is to see it.
  tell('DATABASE_URL is not set: on the database of latchkey dev, in ./.data')
  const [{ prepareDevelopmentEnvironment }, { onEndRequest }] = await Promise.all([
    import('../development/environment.js'),
    import('../development/signals.js'),
  ])
  const prepared = await prepareDevelopmentEnvironment({ projectDirectory: folder, onProgress: tell })
  // The embedded server is ours to end, also where somebody ends the command.
  onEndRequest(() => void prepared.stop().finally(() => process.exit(130)))
  return { environment: prepared.environment, ask, close: prepared.stop }
}
