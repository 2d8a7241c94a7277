// Opens the database: Prisma over node-postgres, with waits that end and statements prepared by name.
import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import { Client, type ClientConfig, Pool } from 'pg'
import { PrismaClient } from '../generated/prisma/client.js'

export type Database = PrismaClient &
  Readonly<{
    /** Runs a statement on the same pool but past Prisma's runtime, which composes and converts anew with each call. */
    run: <Rows extends object[]>(statement: Readonly<{ text: string; values: unknown[] }>) => Promise<Rows>
    poolUse: () => PoolUse
  }>

export type DatabaseSettings = Readonly<{
  url: string
  directUrl: string
  poolSize: number
  namedStatements: boolean
}>

/**
 * Milliseconds. A database that does not answer is told to the caller as 503 within three seconds. A burst larger than the pool
 * gets longer: on a healthy database it is being served, and on a silent one its first requests fail soon enough.
 */
const waits = { connect: 2_000, queue: 5_000, statement: 2_500, lock: 2_300, idleInTransaction: 5_000, silence: 2_800 }

/**
 * A plan that is remembered was made when its table may have been nearly empty, and would go on reading all of it until PostgreSQL
 * next analyzes the table. Every statement of the service has an index to go by. Compiling is for queries that take seconds.
 */
const planning = '-c enable_seqscan=off -c jit=off'

/**
 * A connection that is made soon or not at all (the pool's own timeout also covers the wait for a free one), and that ends where
 * the server falls silent on somebody. The socket's own timer sees to that: `query_timeout` would make one, and throw it away, for
 * each query.
 */
class PromptClient extends Client {
  /** lent to somebody who waits for an answer */
  isLent = false

  constructor(options?: ClientConfig) {
    const socket = new Socket()
    super({ ...options, connectionTimeoutMillis: waits.connect, stream: () => socket })
    socket.setTimeout(waits.silence, () => {
      if (this.isLent) socket.destroy(new Error('Query read timeout'))
    })
  }
}

/** Connections of a pool, and requests that wait for one. */
export type PoolUse = Readonly<{ inUse: number; idle: number; waiting: number }>

/** The Prisma client on a pool of its own. Whoever opens it ends it with `$disconnect()`. */
export function openDatabase(settings: DatabaseSettings): Database {
  const pool = new Pool({
    connectionString: settings.url,
    Client: PromptClient,
    max: settings.poolSize,
    connectionTimeoutMillis: waits.queue,
    keepAlive: true,
    // PgBouncer refuses these as startup parameters; behind one, set them with ALTER ROLE … SET.
    ...(settings.directUrl === settings.url && {
      statement_timeout: waits.statement,
      lock_timeout: waits.lock,
      idle_in_transaction_session_timeout: waits.idleInTransaction,
      options: planning,
    }),
  })
  // A server that is stopped or cut off enforces no timeout of its own, so the client has one too.
  const lend = (client: object, isLent: boolean) => client instanceof PromptClient && Object.assign(client, { isLent })
  pool.on('acquire', (client) => lend(client, true))
  pool.on('release', (_error, client) => lend(client, false))
  // A connection that breaks while nobody uses it is replaced by the next one who needs one.
  pool.on('error', () => {})
  const adapter = new PrismaPg(pool, {
    ...(settings.namedStatements && { statementNameGenerator: ({ sql }: { sql: string }) => statementName(sql) }),
  })
  const client = new PrismaClient({ adapter })
  const disconnect = client.$disconnect.bind(client)
  return Object.assign(client, {
    async $disconnect() {
      await disconnect()
      await pool.end()
    },
    async run<Rows extends object[]>({ text, values }: { text: string; values: unknown[] }): Promise<Rows> {
      const name = settings.namedStatements ? statementName(text) : undefined
      const { rows } = await pool.query({ name, text, values })
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
