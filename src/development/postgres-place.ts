// Where the embedded server's files live: in the project, or in a system folder when its OS user can't get there.
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, canEnter } from './postgres-account.js'

/** The folder for the project's databases, created if missing. The same project gets the same folder every time. */
export async function dataFolder(projectDirectory: string, account: Account | undefined): Promise<string> {
  const inProject = join(projectDirectory, '.data')
  await mkdir(inProject, { recursive: true })
  if (!account || (await canEnter(account, inProject))) return inProject
  const folder = join(await systemFolder(account), folderNameFor(projectDirectory))
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
  return folder
}

/** A folder outside the project that only root can write and the account can enter. Rejects if there is none. */
export async function systemFolder(account: Account): Promise<string> {
  for (const parent of ['/var/lib', tmpdir()]) {
    const folder = join(parent, 'latchkey')
    await mkdir(folder).then(
      () => chmod(folder, 0o755),
      () => undefined,
    )
    if ((await isOurs(folder)) && (await canEnter(account, folder))) return folder
  }
  throw new Error(`no folder for PostgreSQL's data that its OS user can enter; set DATABASE_URL`)
}

// Anybody can make a folder in the temporary one: programs and data go only where nobody else can put theirs.
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === 0 && (found.mode & 0o022) === 0
}

function folderNameFor(projectDirectory: string): string {
  const readable = projectDirectory.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(-40)
  const unique = createHash('sha256').update(projectDirectory).digest('hex').slice(0, 10)
  return `${readable.replace(/^-/, '')}-${unique}`
}
