// A data directory of PostgreSQL: created whole or not at all, with what we must remember about it inside.
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Account, runAs } from './postgres-account.js'

const stateFile = 'latchkey.json'

/** `users` are the ids of the processes using the server: the last one to leave stops it. A port of 0 is none yet. */
export type ClusterState = { password: string; port: number; users: number[] }

export type ClusterOptions = { initdb: string; account: Account | undefined; dataDirectory: string; sync: boolean }

/** What is remembered about the data directory; undefined if there is none. Rejects if it can't be read. */
export async function readState(dataDirectory: string): Promise<ClusterState | undefined> {
  const path = join(dataDirectory, stateFile)
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ClusterState
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES') throw new Error(`${dataDirectory} belongs to another user: was it first used as root?`)
    throw new Error(`${path} can't be read: ${(error as Error).message}`)
  }
}

/** Remembers the state, in one step, readable by the server's user only. */
export async function writeState(
  dataDirectory: string,
  state: ClusterState,
  account: Account | undefined,
): Promise<void> {
  const path = join(dataDirectory, stateFile)
  await writeOwned(`${path}.new`, JSON.stringify(state), account)
  await rename(`${path}.new`, path)
}

/**
 * Creates the data directory with a random password (UTF-8, locale C, passwords checked by SCRAM). It gets its name
 * only when complete, so whatever has that name is complete. Rejects if something else has the name, or initdb fails.
 */
export async function createCluster({ initdb, account, dataDirectory, sync }: ClusterOptions): Promise<ClusterState> {
  await removeUnfinished(dataDirectory)
  // A new name each time: an initdb that outlived its starter removes its own files when it fails, never ours.
  const unfinished = `${dataDirectory}${unfinishedMark}${randomBytes(4).toString('hex')}`
  const passwordFile = `${unfinished}.password`
  const state = { password: randomBytes(24).toString('base64url'), port: 0, users: [] }
  try {
    await mkdir(unfinished, { mode: 0o700 })
    if (account) await chown(unfinished, account.uid, account.gid)
    await writeOwned(passwordFile, state.password, account)
    await runAs(account, initdb, [
      `--pgdata=${unfinished}`,
      `--pwfile=${passwordFile}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      ...(sync ? [] : ['--no-sync']),
    ])
    await writeState(unfinished, state, account)
    await rename(unfinished, dataDirectory)
  } catch (error) {
    throw new Error(`PostgreSQL's data directory ${dataDirectory} could not be created: ${reasonOf(error)}`)
  } finally {
    await removeUnfinished(dataDirectory)
  }
  return state
}

const unfinishedMark = '.unfinished-'

async function removeUnfinished(dataDirectory: string): Promise<void> {
  const folder = dirname(dataDirectory)
  const prefix = `${basename(dataDirectory)}${unfinishedMark}`
  const leftovers = (await readdir(folder)).filter((name) => name.startsWith(prefix))
  // One that is still being written to stays for the next start to remove.
  const removals = leftovers.map((name) => rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 }))
  await Promise.allSettled(removals)
}

async function writeOwned(path: string, content: string, account: Account | undefined): Promise<void> {
  await writeFile(path, content, { mode: 0o600 })
  if (account) await chown(path, account.uid, account.gid)
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.match(/initdb: error: (.*)/)?.[1] ?? message).replaceAll(/\s+/g, ' ').trim()
}
