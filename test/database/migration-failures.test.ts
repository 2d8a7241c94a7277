// One line for whatever the schema engine, the adapter or the driver throws.
import t from 'tap'
import { describeFailure } from '../../src/database/migration-failures.js'

const driverError = (cause: object) => new Error('DriverAdapterError', { cause })

const failures: [unknown, string][] = [
  ['thrown as text', 'thrown as text'],
  [new Error('first\n   second\n   0: engine::trace\n             at engine.rs:1'), 'first second'],
  [new Error('external connector error\nError querying the database: ERROR: no'), 'ERROR: no'],
  [new AggregateError([new Error('connect ECONNREFUSED ::1:5432')]), 'connect ECONNREFUSED ::1:5432'],
  [driverError({ kind: 'postgres', originalMessage: 'no such role' }), 'no such role'],
  [driverError({ kind: 'DatabaseNotReachable', host: 'db', port: 5432 }), 'No database answers at db:5432'],
  [driverError({ kind: 'DatabaseNotReachable' }), 'No database answers at the given host'],
  [driverError({ kind: 'TlsConnectionError', reason: 'self-signed certificate' }), 'self-signed certificate'],
  [driverError({ kind: 'ConnectionClosed' }), 'DriverAdapterError'],
  [
    driverError({ originalMessage: 'unsupported startup parameter: options' }),
    'Set DIRECT_DATABASE_URL: migrations cannot go through a pooler (unsupported startup parameter: options)',
  ],
]

t.test('describeFailure', async (t) => {
  for (const [error, line] of failures) t.equal(describeFailure(error), line)
})
