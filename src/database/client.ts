// Opens the database: Prisma over node-postgres, with waits that end and statements prepared by name.
import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { type ClientConfig, Pool, type QueryConfig } from 'pg'
import { PrismaClient } from '../generated/prisma/client.js'
import { ClientWithTimeouts, waits } from './client-with-timeouts.js'

export type Database = PrismaClient &
  Readonly<{
    /** Runs a statement on the same pool but past Prisma's runtime, which composes and converts anew with each call. */
    run: Run
    poolUse: () => PoolUse
  }>

type Statement = Readonly<{ text: string; values: unknown[] }>
type Run = <Rows extends object[]>(statement: Statement) => Promise<Rows>

export type DatabaseSettings = Readonly<{
  url: string
  directUrl: string
  poolSize: number
  namedStatements: boolean
}>

/**
 * A plan that is remembered was made when its table may have been nearly empty, and would go on reading all of it until PostgreSQL
 * next analyzes the table. Every statement of the service has an index to go by. Compiling is for queries that take seconds.
 */
const planning = '-c enable_seqscan=off -c jit=off'

/** Connections of a pool, and requests that wait for one. */
export type PoolUse = Readonly<{ inUse: number; idle: number; waiting: number }>

/** The Prisma client on a pool of its own. Whoever opens it ends it with `$disconnect()`. */
export function openDatabase(settings: DatabaseSettings): Database {
  const isBehindPooler = settings.directUrl !== settings.url
  const connection: ClientConfig = {
    connectionString: settings.url,
    keepAlive: true,
    // PgBouncer refuses these as startup parameters; behind one, set them with ALTER ROLE … SET.
    ...(!isBehindPooler && {
      statement_timeout: waits.statement,
      lock_timeout: waits.lock,
      idle_in_transaction_session_timeout: waits.idleInTransaction,
      options: planning,
    }),
  }
  const pool = new Pool({
    ...connection,
    Client: ClientWithTimeouts,
    max: settings.poolSize,
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
    ...(settings.namedStatements && { statementNameGenerator: ({ sql }: { sql: string }) => statementName(sql) }),
  })
  const client = new PrismaClient({ adapter })
  const disconnect = client.$disconnect.bind(client)
  const queryOf = ({ text, values }: Statement): QueryConfig => ({
    name: settings.namedStatements ? statementName(text) : undefined,
    text,
    values,
  })
  return Object.assign(client, {
    async $disconnect() {
      await disconnect()
      await pool.end()
    },
    async run<Rows extends object[]>(statement: Statement) {
      const { rows } = await pool.query(queryOf(statement))
      return rows as Rows
    },
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

/** Whether a session of that `TimeZone` tells and takes times in UTC. */
export function isUtc(timeZone: string): boolean {
  return /^(?:Etc\/)?(?:UTC|UCT|Universal|Zulu)$/i.test(timeZone)
}
