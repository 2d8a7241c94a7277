// Tells the database's failures that mean "not now" from those that mean "never".

const unavailableKinds = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'AuthenticationFailed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'TlsConnectionError',
])

/**
 * SQLSTATEs that pass by themselves (PostgreSQL, appendix A): connections of every kind of trouble (class 08, PgBouncer's 08P01 too), a
 * server that shuts down or starts up, one that only reads (a failover under way), a database that takes no connections, none free, a
 * statement cancelled by its timeout, a lock not had in time, a deadlock, a transaction that others got in the way of (40001), a pooler
 * that handed the connection with a statement's name to somebody else (26000, 42P05).
 * Beside them those of a login that is refused: an operator's to mend, and no fault of the request.
 */
const unavailableStates =
  /^(08[0-9A-Z]{3}|26000|28[0-9A-Z]{3}|3D000|25006|25P0[34]|40001|40003|40P01|42P05|53[0-9A-Z]{3}|55P03|55000|57014|57P0[1-5])$/

/** The SQLSTATE `unique_violation` */
const uniqueViolation = '23505'

/** Prisma's own codes for: not reachable, reachable but timed out, closed, no pool slot or transaction in time. */
const unavailableCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'])

/** What node-postgres throws without any code when one of the client's own timeouts fires. */
const unavailableMessages = [
  'Query read timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error and is not queryable',
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
  // of a login that this side cannot complete
  'SASL: ',
]

/** What Node.js and OpenSSL say of a certificate that cannot be believed. */
export const certificateFaults =
  /CERT|_CRL|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ISSUER_PUBLIC_KEY|VERIFY_LEAF_SIGNATURE/

/** Whether the database could not be asked. The call may be repeated later; nothing is known to have happened. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return causesOf(error).some((cause) => {
    const { code, kind, originalCode, errorCode, message } = fieldsOf(cause)
    return (
      unavailableKinds.has(kind) ||
      [code, originalCode, errorCode].some((value) => unavailableStates.test(value) || unavailableCodes.has(value)) ||
      ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].includes(code) ||
      certificateFaults.test(code) ||
      unavailableMessages.some((text) => message.includes(text))
    )
  })
}

/**
 * SQLSTATEs with which PostgreSQL says that it did nothing of a statement, and that asking once more may help: data and constraints
 * (of one request of a batch), serialization, deadlock, lock not available, cancelled by its timeout.
 */
const refusedStates = /^(22\d{3}|23\d{3}|40001|40P01|55P03|57014)$/

/**
 * Whether PostgreSQL itself answered a statement with an error, so that nothing of it was done. Where the connection broke, a pooler
 * answered or nobody did, the statement may have been committed: never to be asked again.
 */
export function isRefusedByPostgres(error: unknown): boolean {
  return causesOf(error).some((cause) => {
    const severity: unknown = Reflect.get(cause, 'severity')
    return severity === 'ERROR' && refusedStates.test(fieldsOf(cause).code)
  })
}

/** Whether a row was refused because another one has its value of a unique column. Prisma passes the SQLSTATE on, `pg` bears it itself. */
export function isUniqueViolation(error: unknown): boolean {
  return causesOf(error).some((cause) => {
    const { code, originalCode } = fieldsOf(cause)
    return code === uniqueViolation || originalCode === uniqueViolation
  })
}

/** What errors of the driver and of Prisma say, each in members of its own; '' for those that are not there. */
export function fieldsOf(value: object) {
  const field = (name: string) => {
    const text: unknown = Reflect.get(value, name)
    return typeof text === 'string' ? text : ''
  }
  return {
    code: field('code'),
    kind: field('kind'),
    originalCode: field('originalCode'),
    errorCode: field('errorCode'),
    message: field('message'),
    originalMessage: field('originalMessage'),
  }
}

/** An error and what caused it, Prisma's wrappings opened, a few levels deep. */
export function causesOf(error: unknown): object[] {
  const found: object[] = []
  let current: unknown = error
  while (typeof current === 'object' && current !== null && found.length < 6) {
    found.push(current)
    const meta: unknown = Reflect.get(current, 'meta')
    const driverError: unknown =
      typeof meta === 'object' && meta !== null ? Reflect.get(meta, 'driverAdapterError') : undefined
    current = driverError ?? Reflect.get(current, 'cause')
  }
  return found
}
