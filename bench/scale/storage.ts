// What rows take on the disk, their indexes included.
import { withConnection } from '../../src/development/postgres-query.js'

const tables = ['users', 'sessions', 'devices', 'auth_events', 'otps', 'limit_counters'] as const
type Table = (typeof tables)[number]

export type Storage = Readonly<Record<Table, Readonly<{ rows: number; bytes: number }>>>

export async function storageOf(databaseUrl: string): Promise<Storage> {
  return withConnection(databaseUrl, async (client) => {
    const sizes: [Table, Storage[Table] | undefined][] = []
    for (const table of tables) {
      const query = `SELECT count(*)::float8 AS rows, pg_total_relation_size('${table}')::float8 AS bytes FROM ${table}`
      const { rows } = await client.query<Storage[Table]>(query)
      sizes.push([table, rows[0]])
    }
    return Object.fromEntries(sizes) as Storage
  })
}

/** Bytes of a row, its part of the indexes included. */
export function bytesOfRow({ rows, bytes }: Storage[Table]): number {
  return bytes / rows
}
