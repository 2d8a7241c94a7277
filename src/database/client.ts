// Opens the database: Prisma over node-postgres, with waits that end and statements prepared by name.
import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import type { QueryConfig } from 'pg'
import { forDriver, schemaOf } from '../config/connection-string.js'
import { PrismaClient } from '../generated/prisma/client.js'
import { ClientWithTimeouts } from './client-with-timeouts.js'
import { functionSchemaOf } from './function-files.js'
import { examineSession, type Route, ServicePool, type SessionReport } from './route.js'
import { inSchema, schemaOfTables } from './schema-of-tables.js'
import { serviceParameters } from './session-settings.js'
import { waits } from './waits.js'
import { DatabaseWatch } from './watch.js'
import { kindOf, watched } from './watched-adapter.js'

export type Database = PrismaClient &
  Readonly<{
    /** for whoever wants to know of its calls */
    watch: DatabaseWatch
    /** Runs a statement on the same pool but past Prisma's runtime, which composes and converts anew with each call. */
    run: Run
    poolUse: () => PoolUse
    /** where the functions of this release are */
    functionSchema: string
    /**
     * Looks at a session as the service gets it, and at what lies between: to be asked before anything else.
     * @throws the driver's error where there is none to be had
     */
    examine: () => Promise<SessionReport>
  }>

/** `name` is what metrics and traces call it, where its kind would tell too little. */
type Statement = Readonly<{ name?: string; text: string; values: unknown[] }>
type Run = <Rows extends object[]>(statement: Statement) => Promise<Rows>

export type DatabaseSettings = Readonly<{
  url: string
  directUrl: string
  poolSize: number
  namedStatements: boolean
}>

/** Connections of a pool, and requests that wait for one. */
export type PoolUse = Readonly<{ inUse: number; idle: number; waiting: number }>

/** The Prisma client on a pool of its own. Whoever opens it ends it with `$disconnect()`. */
export function openDatabase(settings: DatabaseSettings): Database {
  const { url, directUrl, poolSize } = settings
  const schema = schemaOf(url)
  /** what was found out about the way to the server, once somebody went it */
  const route: Route = { isPooled: directUrl !== url, namesStatements: settings.namedStatements }
  const pool = new ServicePool(route, {
    connectionString: forDriver(url),
    keepAlive: true,
    Client: class extends ClientWithTimeouts {
      protected override parameters() {
        return serviceParameters({ schema, isPooled: route.isPooled })
      }
    },
    max: poolSize,
    connectionTimeoutMillis: waits.queue,
  })
  // A server that is stopped or cut off enforces no timeout of its own, so the client has one too.
  const lend = (client: object, isLent: boolean) =>
    client instanceof ClientWithTimeouts && Object.assign(client, { isLent })
  pool.on('acquire', (client) => lend(client, true))
  pool.on('release', (_error, client) => lend(client, false))
  // A connection that breaks while nobody uses it is replaced by the next one who needs one.
  pool.on('error', () => {})
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }: { sql: string }) => nameOf(sql) as string,
  })
  const watch = new DatabaseWatch()
  const placed = inSchema(adapter, async () => schema ?? schemaOfTables(pool))
  const client = new PrismaClient({ adapter: watched(placed, watch) })
  const disconnect = client.$disconnect.bind(client)
  const nameOf = (text: string) => (route.namesStatements ? statementName(text) : undefined)
  const queryOf = ({ text, values }: Statement): QueryConfig => ({ name: nameOf(text), text, values })
  return Object.assign(client, {
    async $disconnect() {
      await disconnect()
      await pool.end()
    },
    async run<Rows extends object[]>(statement: Statement) {
      const { rows } = await watch.timed(statement.name ?? kindOf(statement.text), () => pool.query(queryOf(statement)))
      return rows as Rows
    },
    watch,
    functionSchema: functionSchemaOf(schema),
    examine: () => examineSession(pool, route, schema),
    /** How the pool is used right now. */
    poolUse() {
      const { totalCount, idleCount, waitingCount } = pool
      return { inUse: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
    },
  })
}

const names = new Map<string, string>()

/** A name for a statement's text. The texts are ours and few, so the map stays small; values never are part of them. */
function statementName(sql: string): string {
  const known = names.get(sql)
  if (known !== undefined) return known
  const name = createHash('sha256').update(sql).digest('base64url')
  names.set(sql, name)
  return name
}
