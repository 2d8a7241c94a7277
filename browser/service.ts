// The real service for a browser: embedded PostgreSQL, a database of its own for each start, codes in the answers as in development.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureDatabase, withConnection } from '../src/development/postgres-query.js'
import { type PostgresServer, startPostgresServer } from '../src/development/postgres-server.js'
import { exitCodeOf } from '../src/development/processes.js'
import { loadOrCreateSecrets } from '../src/development/secrets.js'

export const projectDirectory = join(import.meta.dirname, '..')
let postgres: Promise<PostgresServer> | undefined

/** The server of all tests of a run. */
const startPostgres = () => startPostgresServer({ projectDirectory, name: 'browser', onProgress: () => undefined })

export async function stopPostgres(): Promise<void> {
  await (await postgres)?.stop()
  postgres = undefined
}

export type Service = {
  origin: string
  /** asks its database, for what would take too long otherwise */
  query: (text: string, values?: unknown[]) => Promise<void>
  stop: () => Promise<void>
}

/** Starts the service with these settings, which may ask for its port, and waits until it is ready. */
export async function startProcess(
  settings: Record<string, string> | ((port: number) => Record<string, string>),
): Promise<Service> {
  postgres ??= startPostgres()
  const server = await postgres
  const database = `browser_${randomBytes(4).toString('hex')}`
  await ensureDatabase(server.adminUrl, database)
  const port = await freePort()
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/server.ts'], {
    cwd: projectDirectory,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      DATABASE_URL: server.urlOf(database),
      ...(await loadOrCreateSecrets(join(projectDirectory, '.data'))),
      // A test asks more in a minute than a person.
      FLOOD_PER_MINUTE: '100000',
      IP_SEND_PER_HOUR: '100000',
      IP_VERIFY_PER_10_MIN: '100000',
      ...(typeof settings === 'function' ? settings(port) : settings),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const origin = `http://127.0.0.1:${port}`
  await untilReady(origin, child).catch((error: unknown) => {
    child.kill()
    throw error
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await exitCodeOf(child)
  }
  const query = (text: string, values: unknown[] = []) =>
    withConnection(server.urlOf(database), async (client) => void (await client.query(text, values)))
  return { origin, query, stop }
}

async function untilReady(origin: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000
  while (child.exitCode === null && Date.now() < deadline) {
    const isReady = await fetch(`${origin}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await sleep(100)
  }
  throw new Error('the service did not become ready')
}

/** Lets a server listen on loopback, at a port that nobody has. */
export async function listen(server: Server): Promise<{ port: number; stop: () => Promise<void> }> {
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port, stop }
}

async function freePort(): Promise<number> {
  const { port, stop } = await listen(createServer())
  await stop()
  return port
}
