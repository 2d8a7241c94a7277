// Loaded before the service (`--import`): writes down every statement that it sends to its database, while it does so.
import { appendFileSync } from 'node:fs'
import pg from 'pg'

const file = String(process.env.RECORD_STATEMENTS_TO)
const { query } = pg.Client.prototype

/** Bytes in a form that JSON keeps, also those in arrays. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  return value
}

pg.Client.prototype.query = function recorded(statement, values, ...rest) {
  const text = typeof statement === 'string' ? statement : statement?.text
  const given = Array.isArray(values) ? values : (statement?.values ?? [])
  // At once: it is on the disk before the request that it belongs to is answered.
  if (typeof text === 'string') appendFileSync(file, `${JSON.stringify({ text, values: given.map(plain) })}\n`)
  return query.call(this, statement, values, ...rest)
}
