// One line for whatever the schema engine, the adapter or the driver throws.
import t from 'tap'
import { describeFailure, describeOther, failureFields } from '../../src/database/migration-failures.js'

const driverError = (cause: object) => new Error('DriverAdapterError', { cause })

const coded = (code: string, message: string) => Object.assign(new Error(message), { code })

const failures: [unknown, string | RegExp][] = [
  ['thrown as text', 'thrown as text'],
  [new Error('first\n   second\n   0: engine::trace\n             at engine.rs:1'), 'first second'],
  [new Error('external connector error\nError querying the database: ERROR: no'), 'ERROR: no'],
  [new AggregateError([new Error('connect ECONNREFUSED ::1:5432')]), 'connect ECONNREFUSED ::1:5432'],
  [driverError({ kind: 'postgres', originalMessage: 'no such role' }), 'no such role'],
  [driverError({ kind: 'DatabaseNotReachable', host: 'db', port: 5432 }), 'No database answers at db:5432'],
  [driverError({ kind: 'DatabaseNotReachable' }), 'No database answers at the given host'],
  [driverError({ kind: 'TlsConnectionError', reason: 'self-signed certificate' }), 'self-signed certificate'],
  [
    driverError({ originalCode: '08P01', originalMessage: 'unsupported startup parameter: options' }),
    /^Set DIRECT_DATABASE_URL: .* through a pooler, .* \(unsupported startup parameter: options\)$/,
  ],
  [
    driverError({ originalCode: '08P01', originalMessage: 'server login failed' }),
    /^The pooler, or the database, refuses the connection \(08P01: server login failed\)$/,
  ],
  [
    Object.assign(new Error('Invalid `prisma.$queryRaw()` invocation:\n\n\nRaw query failed. Code: `28P01`'), {
      code: 'P2010',
      meta: {
        driverAdapterError: driverError({
          kind: 'AuthenticationFailed',
          originalCode: '28P01',
          originalMessage: 'password authentication failed for user "app"',
        }),
      },
    }),
    'The database refuses the login: the password or the name of the role is wrong (28P01: password authentication failed for user "app")',
  ],
  [
    coded('28P01', '\nInvalid `prisma.$queryRaw()` invocation:\n\n\npassword authentication failed for user "app"'),
    'The database refuses the login: the password or the name of the role is wrong (28P01: password authentication failed for user "app")',
  ],
  [
    coded('3D000', 'database "none" does not exist'),
    'There is no such database (3D000: database "none" does not exist)',
  ],
  [driverError({ kind: 'ConnectionClosed' }), 'The database, or what lies between, broke the connection off'],
  [driverError({ kind: 'SomethingNew' }), 'DriverAdapterError'],
  [driverError({ originalCode: '53300' }), 'The database has no connection free (53300)'],
  [coded('28000', 'no pg_hba.conf entry for host'), /^The database refuses the login \(28000: no pg_hba/],
  [coded('53300', 'sorry, too many clients already'), /^The database has no connection free \(53300: /],
  [
    coded('42P01', 'relation "otps" does not exist'),
    /^The database is not migrated to this version: run latchkey migrate/,
  ],
  [coded('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:5432'), 'No database answers at 10.0.0.1:5432'],
  [
    Object.assign(coded('ENOTFOUND', 'getaddrinfo ENOTFOUND db'), { hostname: 'db' }),
    'The host of the database has no address at db',
  ],
  [coded('ECONNRESET', 'read ECONNRESET'), 'The database, or what lies between, broke the connection off'],
  [coded('CERT_HAS_EXPIRED', 'expired'), 'The certificate of the database cannot be trusted (CERT_HAS_EXPIRED)'],
  [coded('ERR_INVALID_URL', 'Invalid URL'), 'The connection string of the database is not a URL'],
  [
    new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
    'The database asks for a password, and the connection string has none',
  ],
  [new Error('The server does not support SSL connections'), /^The database takes no TLS, which sslmode/],
  [new Error('timeout expired'), 'The database does not answer in time'],
  [
    new Error('ERROR: cannot execute CREATE SCHEMA in a read-only transaction'),
    'The database takes no writes: it is a standby, or default_transaction_read_only is on',
  ],
]

t.test('describeFailure', async (t) => {
  for (const [error, line] of failures) {
    if (typeof line === 'string') t.equal(describeFailure(error), line)
    else t.match(describeFailure(error), line)
  }
  t.equal(describeOther(coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:80')), 'connect ECONNREFUSED ::1:80')
  t.equal(describeOther(new AggregateError([new Error('first')])), 'first')
  t.strictSame(failureFields(new Error('timeout expired')), { cause: 'The database does not answer in time' })
  const other = new Error('a defect')
  t.strictSame(failureFields(other), { err: other })
  t.equal(describeOther('thrown as text'), 'thrown as text')
})
