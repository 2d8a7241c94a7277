// The suite's own PostgreSQL: a migrated template, a copy for every service, and looks into it that first ask whose it is.
import { spawn } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { escapeIdentifier } from 'pg'
import { urlOfDatabase, withConnection } from '../../src/development/postgres-query.js'
import { type PostgresServer, startPostgresServer } from '../../src/development/postgres-server.js'
import { exitCodeOf } from '../../src/development/processes.js'

export type Row = Record<string, unknown>

/** A database of ours. `query` refuses to touch any other. */
export type Grey = {
  url: string
  name: string
  query: <Result extends Row = Row>(sql: string, values?: unknown[]) => Promise<Result[]>
}

export type Databases = {
  server: PostgresServer
  /** a fresh, migrated database */
  create: () => Promise<Grey>
  /** on the server's own database, which no service uses */
  admin: Grey['query']
  stop: () => Promise<void>
}

const prefix = 'latchkey_attack_'
const template = `${prefix}template`
// Nothing here outlives the run. Autovacuum would commit by itself while commits are counted.
const settings = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off', max_connections: '300' }

export async function startDatabases(projectDirectory: string, tell: (line: string) => void): Promise<Databases> {
  const server = await startPostgresServer({ projectDirectory, name: 'attack-postgres', settings, onProgress: tell })
  const { adminUrl } = server
  const admin = createQuery(server, 'postgres')
  try {
    await dropOurs(admin)
    await admin(`CREATE DATABASE ${template}`)
    await migrate(projectDirectory, urlOfDatabase(adminUrl, template))
  } catch (error) {
    await server.stop()
    throw error
  }
  let count = 0
  return {
    server,
    admin,
    async create() {
      count += 1
      const name = `${prefix}${process.pid}_${count}`
      await admin(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${template}`)
      return { url: server.urlOf(name), name, query: createQuery(server, name) }
    },
    stop: () => dropOurs(admin).finally(() => server.stop()),
  }
}

/** Asks which server and which database this is before anything else: a busy port may be somebody else's. */
function createQuery(server: PostgresServer, name: string): Grey['query'] {
  return (sql, values) =>
    withConnection(server.urlOf(name), async (client) => {
      const { rows } = await client.query<{ directory: string; name: string }>(
        `SELECT current_setting('data_directory') AS directory, current_database() AS name`,
      )
      const [place] = rows
      const isOurs = place?.name === name && (await isSamePlace(place.directory, server.dataDirectory))
      if (!isOurs) throw new Error(`this is not the suite's own database: ${JSON.stringify(place)}`)
      return (await client.query(sql, values)).rows
    })
}

async function isSamePlace(one: string, other: string): Promise<boolean> {
  return one === other || (await realpath(one)) === (await realpath(other))
}

async function dropOurs(admin: Grey['query']): Promise<void> {
  const found = await admin<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  )
  for (const { name } of found) await admin(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)
}

/** By the built command, as an installation does it. */
async function migrate(projectDirectory: string, url: string): Promise<void> {
  const command = join(projectDirectory, 'dist', 'cli', 'main.js')
  const child = spawn(process.execPath, [command, 'migrate'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: url },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if ((await exitCodeOf(child)) !== 0) throw new Error('the template database could not be migrated')
}
