// A lock file that names the process holding it, so that two starts at once wait for each other.
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from './processes.js'

const heartbeatMilliseconds = 2_000
// A holder that lives refreshes its file; an old one was left by a process whose id another one may have by now.
const staleMilliseconds = 60_000
const pollMilliseconds = 50

/**
 * Runs `work` while holding the lock file, waiting first for whoever holds it. Files left by dead processes don't count.
 * Rejects with what `work` rejects with, or when the file can't be written.
 */
export async function withLockFile<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  while (!(await acquire(path))) {
    if (await isStale(path)) await rm(path, { force: true })
    else await sleep(pollMilliseconds)
  }
  const heartbeat = setInterval(() => refresh(path), heartbeatMilliseconds)
  heartbeat.unref()
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await rm(path, { force: true })
  }
}

async function acquire(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const [holder, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    // An empty file is one whose holder has not come to write its id yet.
    const isHolderDead = holder !== '' && !isAlive(Number(holder))
    return isHolderDead || Date.now() - mtimeMs > staleMilliseconds
  } catch {
    return false
  }
}

function refresh(path: string): void {
  const now = new Date()
  utimes(path, now, now).catch(() => undefined)
}
