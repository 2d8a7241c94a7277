// Says in one line why the schema engine or the database failed.

/** Without the engine's trace, and never with a connection string. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // One attempt for each address of the host; the first says enough.
  if (error instanceof AggregateError && error.errors.length > 0) return describeFailure(error.errors[0])
  if ('code' in error && error.code === 'ERR_INVALID_URL') return 'The connection string of the database is not a URL'
  return (describeDriverFailure(driverErrorOf(error) ?? error.cause) ?? error.message)
    .replace(/\n +0: .*$/s, '')
    .replace(/^external connector error\s+|Error querying the database: /g, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')
}

/** The error of the driver's adapter in one of Prisma's runtime, whose own message tells of the call in our code. */
function driverErrorOf(error: Error): unknown {
  const meta: unknown = Reflect.get(error, 'meta')
  return Object(Object(meta).driverAdapterError).cause
}

/** What the driver's adapter knows of its error: PostgreSQL's own words, or a kind with a few fields. */
function describeDriverFailure(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined
  const { kind, host, port, reason, originalMessage }: Record<string, unknown> = { ...cause }
  if (typeof originalMessage === 'string' && originalMessage) {
    const pooled = originalMessage.includes('unsupported startup parameter')
    return pooled
      ? `Set DIRECT_DATABASE_URL: migrations cannot go through a pooler (${originalMessage})`
      : originalMessage
  }
  if (kind === 'DatabaseNotReachable')
    return `No database answers at ${host ?? 'the given host'}${port ? `:${port}` : ''}`
  return typeof reason === 'string' ? reason : undefined
}
