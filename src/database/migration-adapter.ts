// Connects the schema engine to PostgreSQL through Prisma's adapter, mended where migrations need more than it gives.
import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  type ColumnType,
  ColumnTypeEnum,
  DriverAdapterError,
  isDriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import type { PoolConfig } from 'pg'
import { forDriver, schemaOf } from '../config/connection-string.js'
import { directClient } from './direct-client.js'
import { poolerLine } from './migration-failures.js'
import { lockPatience, lockPatienceFor } from './migration-script.js'
import { schemaExpression } from './schema-of-tables.js'
import { migrationParameters } from './session-settings.js'

/** What is told, whatever the server's language, where a lock was not free in time. */
export const lockTimeoutLine = `another session held a lock that is needed here for more than ${lockPatience / 1_000} s: try again`

type PgAdapter = Awaited<ReturnType<PrismaPg['connect']>>

/** The types that occur beside "char" in the catalogue's rows, by their ids in pg_type. */
const catalogueTypes: Readonly<Record<number, ColumnType>> = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character,
  19: ColumnTypeEnum.Text,
  21: ColumnTypeEnum.Int32,
  25: ColumnTypeEnum.Text,
  26: ColumnTypeEnum.Int64,
}

/** PostgreSQL's code for a lock that was not free in time. */
const lockNotAvailable = '55P03'

/** A statement without parameters, in the adapter's form. */
export function statement(sql: string): SqlQuery {
  return { sql, args: [], argTypes: [] }
}

/**
 * Opens one connection, and proves that it works and that it is one: behind a pooler there would be others from time to time, without
 * the lock of the migrations.
 *
 * @param schema of the tables; that of the connection string unless given, null where the search_path decides
 * @throws DriverAdapterError or Error when the database cannot be reached or refuses the login
 */
export async function connectForMigrations(
  connectionString: string,
  schema: string | null = schemaOf(connectionString),
): Promise<SqlDriverAdapter> {
  const parameters = migrationParameters(schema, lockPatience)
  const config: PoolConfig = {
    connectionString: forDriver(connectionString),
    // One connection that is never given up: the migrations' lock belongs to it.
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'latchkey migrations',
    Client: directClient(parameters),
  }
  const adapter = mend(await new PrismaPg(config).connect())
  try {
    const { rows } = await adapter.queryRaw(
      statement(`
      SELECT (SELECT setting FROM pg_settings WHERE name = 'lock_timeout'), ${schemaExpression}::text`),
    )
    // Asked for at the start, and dropped on the way.
    if (rows[0]?.[0] !== parameters['lock_timeout']) throw new Error(poolerLine)
    const schemaName = schema ?? rows[0]?.[1]
    const info = { supportsRelationJoins: true, ...(typeof schemaName === 'string' && { schemaName }) }
    return { ...adapter, getConnectionInfo: () => info }
  } catch (error) {
    await adapter.dispose()
    throw error
  }
}

/** What the engine asks for its connections: this one, and that of a shadow database made for the purpose. */
export function createAdapterFactory(
  connection: SqlDriverAdapter,
  connectionString: string,
): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: connection.provider,
    adapterName: connection.adapterName,
    connect: async () => connection,
    connectToShadowDb: () => createShadowDatabase(connection, connectionString),
  }
}

/**
 * An empty database on the same server, dropped when the engine disposes of it. Made here because the adapter's own
 * would run the migrations in the real database: node-postgres prefers the connection string's database to any other.
 */
async function createShadowDatabase(connection: SqlDriverAdapter, connectionString: string): Promise<SqlDriverAdapter> {
  const name = `prisma_migrate_shadow_db_${randomUUID()}`
  // template0 holds nothing that an administrator has added, which would look like a part of the migrations.
  await connection.executeRaw(statement(`CREATE DATABASE "${name}" TEMPLATE template0`))
  const drop = () => connection.executeRaw(statement(`DROP DATABASE "${name}" WITH (FORCE)`))
  try {
    // Whatever schema the tables have elsewhere, here there is this one alone.
    const shadow = await connectForMigrations(withDatabase(connectionString, name), 'public')
    const dispose = async () => {
      await shadow.dispose()
      await drop()
    }
    const { rows } = await shadow.queryRaw(statement('SELECT current_database()'))
    /* c8 ignore start -- a pooler that serves one database under every name; without the check it would lose its data */
    if (rows[0]?.[0] !== name) {
      await shadow.dispose()
      throw new Error('The connection string does not let another database be chosen')
    }
    /* c8 ignore stop */
    return { ...shadow, dispose }
    /* c8 ignore start -- the server goes away, or is the pooler above */
  } catch (error) {
    await drop()
    throw error
  }
}
/* c8 ignore stop */

/** The same connection string, for another database. */
function withDatabase(connectionString: string, name: string): string {
  return connectionString.replace(/^([^:]+:\/\/[^/?#]*)(\/[^?#]*)?/, (_, server: string) => `${server}/${name}`)
}

/**
 * The adapter with two methods replaced. Its `executeScript` cuts a script at every semicolon, those in comments and
 * function bodies too, and runs the pieces one by one: here a script is one message, which PostgreSQL runs wholly or
 * not at all. Its `queryRaw` refuses the catalogue's columns of type "char", which the engine reads.
 */
function mend(adapter: PgAdapter): Omit<SqlDriverAdapter, 'getConnectionInfo'> {
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: async (query) => {
      try {
        return await adapter.queryRaw(query)
      } catch (error) {
        const unsupported = isDriverAdapterError(error) && error.cause.kind === 'UnsupportedNativeDataType'
        const result = unsupported ? await queryCatalogue(adapter, query) : null
        if (result === null) throw error
        return result
      }
    },
    executeRaw: (query) => adapter.executeRaw(query),
    executeScript: async (script) => {
      await adapter.executeRaw(statement(`SET lock_timeout = ${lockPatienceFor(script)}`))
      // Where we are ended in the middle, the server would go on to the end of the script, and nobody would note that it is done: to try it
      // again failed. Few systems cannot tell that a client has gone; there it stays so.
      const noticesTheEnd = adapter.executeRaw(statement("SET client_connection_check_interval = '500ms'"))
      /* c8 ignore start -- a server on such a system */
      await noticesTheEnd.catch(() => undefined)
      /* c8 ignore stop */
      try {
        await adapter.executeRaw(statement(script))
      } catch (error) {
        throw clarify(error)
      }
    },
    /* c8 ignore start -- part of the type; the engine has not been seen to ask for it */
    startTransaction: (isolationLevel) => adapter.startTransaction(isolationLevel),
    /* c8 ignore stop */
    dispose: () => adapter.dispose(),
  }
}

/** The engine hands on nothing of an error but its message. */
function clarify(error: unknown): unknown {
  if (!isDriverAdapterError(error) || error.cause.originalCode !== lockNotAvailable) return error
  return new DriverAdapterError({ ...error.cause, ...{ message: lockTimeoutLine }, originalMessage: lockTimeoutLine })
}

/** The rows of a query on the catalogue, or null where it has columns of a type that is not expected there. */
async function queryCatalogue(adapter: PgAdapter, { sql, args }: SqlQuery): Promise<SqlResultSet | null> {
  const { fields, rows } = await adapter
    .underlyingDriver()
    .query<unknown[]>({ text: sql, values: args, rowMode: 'array' })
  /* c8 ignore start -- the catalogues of PostgreSQL 15 to 18 have no other types */
  const columnTypes = fields.flatMap(({ dataTypeID }) => catalogueTypes[dataTypeID] ?? [])
  if (columnTypes.length < fields.length) return null
  /* c8 ignore stop */
  return { columnNames: fields.map(({ name }) => name), columnTypes, rows }
}
