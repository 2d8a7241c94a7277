// Generates the Prisma client, which is not kept in git.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { exitCodeOf } from './processes.js'

/** Runs the project's generator, which takes about two seconds and no network. Rejects after it printed its error. */
export async function generateClient(projectDirectory: string): Promise<void> {
  const script = join(projectDirectory, 'scripts', 'generate.mjs')
  const code = await exitCodeOf(spawn(process.execPath, [script], { cwd: projectDirectory, stdio: 'inherit' }))
  if (code !== 0) throw new Error(`the Prisma client could not be generated (code ${code})`)
}
