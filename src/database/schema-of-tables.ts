// In which schema Prisma looks for the tables: in the one where every other statement finds them.
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { Pool } from 'pg'

/** The names of our tables; the first is one that nobody else is likely to have. */
export const tableNames = [
  'otps',
  'identifier_limits',
  'limit_counters',
  'signup_tickets',
  'recycle_tickets',
  'exchange_codes',
  'spent_challenges',
  'country_breakers',
  'auth_events',
  'message_hours',
  'event_outbox',
  'event_numbers',
  'events',
  'event_endpoints',
  'event_deliveries',
  'users',
  'addresses',
  'sessions',
  'devices',
  'api_keys',
  'passkeys',
  'passkey_challenges',
] as const

/** An expression of SQL: the schema in which the search_path finds our tables; before they are there, the one in which they would be made. */
export const schemaExpression = `coalesce((
  SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('${tableNames[0]}')
), current_schema())`

/** Asks the server; null where the search_path names no schema that is there. */
export async function schemaOfTables(pool: Pool): Promise<string | null> {
  const { rows } = await pool.query(`SELECT ${schemaExpression}::text AS schema`)
  const [{ schema }] = rows as [{ schema: string | null }]
  return schema
}

/**
 * Prisma writes the schema before each table, `public` unless it is told another one. It connects with its first query, and after a
 * failure with the next one.
 */
export function inSchema(
  factory: SqlDriverAdapterFactory,
  findSchema: () => Promise<string | null>,
): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    async connect() {
      const schemaName = await findSchema()
      const adapter = await factory.connect()
      return Object.assign(adapter, {
        getConnectionInfo: () => ({ supportsRelationJoins: true, ...(schemaName !== null && { schemaName }) }),
      })
    },
  }
}
