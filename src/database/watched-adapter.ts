// Prisma's way to the driver, where each of its statements is seen: past this point Prisma names no model any more.
import type { SqlDriverAdapterFactory, SqlQuery, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils'
import { tableNames } from './schema-of-tables.js'
import type { DatabaseWatch } from './watch.js'

/** Prisma's and our own statements are a few dozen texts; values never are part of them. */
const kinds = new Map<string, string>()

/** What a statement does: the function of ours that it calls, or `select users`. Never a value of it. */
export function kindOf(sql: string): string {
  const known = kinds.get(sql) ?? functionOf(sql) ?? operationOf(sql)
  kinds.set(sql, known)
  return known
}

/** `"latchkey_…".give_back_send(…)` */
const functionOf = (sql: string) => /"[^"]+"\.([a-z_]+)\(/.exec(sql)?.[1]

function operationOf(sql: string): string {
  const verb = /\b(?:SELECT|INSERT|UPDATE|DELETE)\b/i.exec(sql)?.[0].toLowerCase() ?? 'other'
  const named = [...sql.matchAll(/\b(?:FROM|INTO|UPDATE|JOIN)\s+(?:"[^"]+"\.)?"?([a-z_]+)/gi)].map(([, name]) => name)
  const table = named.find((name) => tableNames.some((one) => one === name))
  return table === undefined ? verb : `${verb} ${table}`
}

/** The same factory, whose adapters tell of each call that they make. */
export function watched(factory: SqlDriverAdapterFactory, watch: DatabaseWatch): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    async connect() {
      const adapter = await factory.connect()
      const start = adapter.startTransaction.bind(adapter)
      return Object.assign(withWatchedStatements(adapter, watch), {
        startTransaction: async (...options: Parameters<typeof start>) =>
          watchedTransaction(await watch.timed('begin', () => start(...options)), watch),
      })
    },
  }
}

function watchedTransaction(transaction: Transaction, watch: DatabaseWatch): Transaction {
  const commit = transaction.commit.bind(transaction)
  const rollback = transaction.rollback.bind(transaction)
  return Object.assign(withWatchedStatements(transaction, watch), {
    commit: () => watch.timed('commit', commit),
    rollback: () => watch.timed('rollback', rollback),
  })
}

function withWatchedStatements<Queryable extends SqlQueryable>(queryable: Queryable, watch: DatabaseWatch): Queryable {
  const queryRaw = queryable.queryRaw.bind(queryable)
  const executeRaw = queryable.executeRaw.bind(queryable)
  return Object.assign(queryable, {
    queryRaw: (query: SqlQuery) => watch.timed(kindOf(query.sql), () => queryRaw(query)),
    executeRaw: (query: SqlQuery) => watch.timed(kindOf(query.sql), () => executeRaw(query)),
  })
}
