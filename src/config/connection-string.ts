// What a connection string says beside what node-postgres reads of it.

/** The schema of the tables as Prisma writes it, `?schema=app`; null where the search_path of the role decides. */
export function schemaOf(connectionString: string): string | null {
  return URL.canParse(connectionString) ? new URL(connectionString).searchParams.get('schema') : null
}

/** The same connection string with that schema, where it names none. */
export function withSchema(connectionString: string, schema: string | null): string {
  if (schema === null || schemaOf(connectionString) !== null) return connectionString
  const separator = connectionString.includes('?') ? '&' : '?'
  return `${connectionString}${separator}schema=${encodeURIComponent(schema)}`
}

/** Whether tables may be in a schema of that name: within what PostgreSQL keeps of one, and without a quote, which Prisma does not double. */
export function isSchemaName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= 63 && !name.startsWith('pg_') && !/[\p{Cc}"]/u.test(name)
}

/**
 * For node-postgres, which takes these modes for `verify-full` and says so at length, on standard error, because it is going to change
 * that: what it means today, by its name.
 */
export function forDriver(connectionString: string): string {
  if (/[?&]uselibpqcompat=/.test(connectionString)) return connectionString
  return connectionString.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/g, '$1verify-full')
}
