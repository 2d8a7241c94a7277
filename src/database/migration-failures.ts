// Says in one line why the database, or the schema engine, failed: for the log and for every command.
import { causesOf, certificateFaults, fieldsOf, isDatabaseUnavailable } from './failures.js'

/** What is told where a way does not carry what migrations ask for. */
export const poolerLine =
  'Set DIRECT_DATABASE_URL: DATABASE_URL leads through a pooler, which does not carry the settings and the lock of migrations'

/** SQLSTATEs of which the server's own words say what was meant (a role, a database, an address), and what they amount to. */
const causes: Readonly<Record<string, string>> = {
  '28P01': 'The database refuses the login: the password or the name of the role is wrong',
  28000: 'The database refuses the login',
  '3D000': 'There is no such database',
  53300: 'The database has no connection free',
  25006: 'The database takes no writes: it is a standby, or default_transaction_read_only is on',
  42501: 'The role of the connection string lacks a right',
  '42P01': 'The database is not migrated to this version: run latchkey migrate',
  '3F000': 'The search_path names no schema that is there',
  57014: 'The database ended the statement before its end: see statement_timeout',
  '57P03': 'The database is starting up, or stopping',
}

/** What Node.js says of a server that is not reached. */
const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'No database answers',
  ENOTFOUND: 'The host of the database has no address',
  EAI_AGAIN: 'The address of the database’s host cannot be looked up now',
  EHOSTUNREACH: 'No way leads to the host of the database',
  ENETUNREACH: 'No way leads to the host of the database',
  ETIMEDOUT: 'The database does not answer in time',
  ECONNRESET: 'The database, or what lies between, broke the connection off',
  EPIPE: 'The database, or what lies between, broke the connection off',
}

/** What Prisma's adapter makes of some of them, without a code. */
const kinds: Readonly<Record<string, string>> = {
  ConnectionClosed: String(unreachable['ECONNRESET']),
  SocketTimeout: String(unreachable['ETIMEDOUT']),
}

/** What node-postgres says without a code, and what that means. */
const inWords: readonly (readonly [RegExp, string])[] = [
  [/^SASL: .*password must be a/, 'The database asks for a password, and the connection string has none'],
  [/^SASL: /, 'The database and this side do not agree on the login'],
  [/server does not support SSL/, 'The database takes no TLS, which sslmode in the connection string asks for'],
  [/error establishing an SSL/, 'The database takes no TLS, which sslmode in the connection string asks for'],
  [/timeout exceeded when trying to connect/, 'No connection to the database is free or made in time'],
  [/Query read timeout|timeout expired|due to connection timeout/, 'The database does not answer in time'],
  [/in a read-only transaction$/, String(causes['25006'])],
  [/^Connection terminated/, 'The database, or what lies between, broke the connection off'],
]

/** Without a stack or an engine's trace, and never with a connection string. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  for (const cause of causesOf(error)) {
    const line = describeCause(cause)
    if (line !== undefined) return line
  }
  return describeOther(error)
}

/** The same of what is no database: a service that does not answer, a file that is not there. */
export function describeOther(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describeOther(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return inOneLine(
    (describeDriverFailure(error.cause) ?? error.message)
      .replace(/\n +0: .*$/s, '')
      .replace(/^external connector error\s+|Error querying the database: /g, ''),
  )
}

/** Without the call that Prisma puts before the database's own words. */
function inOneLine(words: string): string {
  return words
    .replace(/^\s*Invalid `[^`]+` invocation[^\n]*\n/, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')
}

/** What a log line has of a failure: a database that cannot be asked has a cause, in one line; anything else has a stack. */
export function failureFields(error: unknown): { cause: string } | { err: unknown } {
  return isDatabaseUnavailable(error) ? { cause: describeFailure(error) } : { err: error }
}

function describeCause(cause: object): string | undefined {
  // One attempt for each address of the host; the first says enough.
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeFailure(cause.errors[0])
  const { code, originalCode, message, originalMessage } = fieldsOf(cause)
  if (code === 'ERR_INVALID_URL') return 'The connection string of the database is not a URL'
  const words = inOneLine(originalMessage || message)
  const protocol = ['08P01', '0A000'].find((state) => state === code || state === originalCode)
  if (protocol !== undefined) {
    return /startup parameter|command-line options/.test(words)
      ? `${poolerLine} (${words})`
      : `The pooler, or the database, refuses the connection (${protocol}: ${words})`
  }
  const state = [originalCode, code].find((value) => Object.hasOwn(causes, value))
  if (state !== undefined) return `${causes[state]} (${state}${words === '' ? '' : `: ${words}`})`
  const network = [originalCode, code].find((value) => Object.hasOwn(unreachable, value))
  if (network !== undefined) return `${unreachable[network]}${placeOf(cause, words)}`
  const certificate = [code, originalCode].find((value) => certificateFaults.test(value))
  if (certificate !== undefined) return `The certificate of the database cannot be trusted (${certificate})`
  const { kind } = fieldsOf(cause)
  if (Object.hasOwn(kinds, kind)) return kinds[kind]
  return inWords.find(([pattern]) => pattern.test(words))?.[1]
}

/** Where it was tried, as far as the error knows. */
function placeOf(cause: object, words: string): string {
  const { address, hostname, host, port }: Record<string, unknown> = { ...cause }
  const place = address ?? hostname ?? host ?? /\s([\w.:-]+):\d+$/.exec(words)?.[1]
  const where = port ?? /:(\d+)$/.exec(words)?.[1]
  return place === undefined ? '' : ` at ${place}${where === undefined ? '' : `:${where}`}`
}

/** What the driver's adapter knows of its error: PostgreSQL's own words, or a kind with a few fields. */
function describeDriverFailure(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined
  const { kind, host, port, reason, originalMessage }: Record<string, unknown> = { ...cause }
  if (typeof originalMessage === 'string' && originalMessage) return originalMessage
  if (kind === 'DatabaseNotReachable')
    return `No database answers at ${host ?? 'the given host'}${port ? `:${port}` : ''}`
  return typeof reason === 'string' ? reason : undefined
}
