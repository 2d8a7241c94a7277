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

/** Where `.env` and `.data` are. */
export const placeOfProject = () => (isSource ? fileURLToPath(new URL('../..', import.meta.url)) : process.cwd())

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
 * Whether a command works on the database of development. In the repository it does where no other is set; elsewhere also `latchkey dev`
 * has to have run in this folder: nobody who forgot DATABASE_URL in production gets an empty database instead.
 */
function isOfDevelopment(environment: NodeJS.ProcessEnv): boolean {
  /* c8 ignore next */
  if (isSource) return true
  const isSet = ['DATABASE_URL', 'DATABASE_URL_FILE', 'DIRECT_DATABASE_URL'].some((name) => environment[name])
  const isProduction = environment['NODE_ENV'] === 'production'
  return !isSet && !isProduction && existsSync(join(placeOfProject(), '.data', 'secrets.json'))
}

/** @param printError tells what happens before the command's own work, such as the start of a database */
export async function openEnvironment(
  { needsDatabase }: Listed,
  printError: (line: string) => void,
): Promise<OpenEnvironment> {
  const folder = placeOfProject()
  loadEnvironmentFile(join(folder, '.env'))
  if (!needsDatabase || !isOfDevelopment(process.env)) return { environment: process.env, ask, close: async () => {} }
  const [{ prepareDevelopmentEnvironment }, { onEndRequest }] = await Promise.all([
    import('../development/environment.js'),
    import('../development/signals.js'),
  ])
  const prepared = await prepareDevelopmentEnvironment({ projectDirectory: folder, onProgress: printError })
  // The embedded server is ours to end, also where somebody ends the command.
  onEndRequest(() => void prepared.stop().finally(() => process.exit(130)))
  return { environment: prepared.environment, ask, close: prepared.stop }
}
