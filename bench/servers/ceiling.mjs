// The ceiling: bare Fastify and node-postgres with named statements. It asks the database what the service asks, signs the same
// tokens and sends the same messages, and does nothing else: no validation, no hook, no log, no limit outside the SQL.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fastify } from 'fastify'
import pg from 'pg'
import { v7 as uuid } from 'uuid'
import { parseConfig } from '../../dist/config/config.js'
import { registerTokens } from '../../dist/sessions/jwt-plugin.js'
import { createKeyRing } from '../../dist/sessions/keys.js'
import { createDelivery } from './delivery.mjs'
import { createFacts } from './facts.mjs'
import { createFiller } from './recorded-statements.mjs'
import { stopOnSignal } from './stop.mjs'

const { sessions } = parseConfig(process.env)
const facts = createFacts(String(process.env.OTP_PEPPER))
const deliver = createDelivery(process.env)
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
  // Plans of nearly empty tables would be kept while they fill: src/database/client.ts
  options: '-c enable_seqscan=off -c jit=off',
})
const calls = await readCalls(String(process.env.RECORDED_STATEMENTS))
const app = fastify({ logger: false })
const tokens = await registerTokens(app, createKeyRing(sessions.privateKey, sessions.previousPublicKeys), sessions)

async function readCalls(file) {
  const recording = Object.entries(JSON.parse(await readFile(file, 'utf8')))
  const prepare = ({ name, text, sources }) => ({ name, text, fill: createFiller(sources), waiting: [] })
  return Object.fromEntries(recording.map(([call, statements]) => [call, statements.map(prepare)]))
}

async function ask({ name, text, fill }, known) {
  const { rows } = await pool.query({ name, text, values: fill(known) })
  return rows
}

async function send(identifier, { headers }) {
  const drafted = facts.draft(identifier)
  const known = facts.ofSend(identifier, drafted.stored, headers['x-forwarded-for'], randomUUID())
  const [first, ...others] = calls.send
  const [row] = await ask(first, known)
  if (row.outcome !== 'sent') throw new Error(`nothing was issued: ${row.outcome}`)
  const stored = { codeSeed: row.code_seed, codeHash: row.code_hash }
  known.messageId = await deliver(identifier, facts.codeOf(identifier, stored, drafted))
  // As in the service nobody waits for what is written of a message that is out; a failure must not go unseen here.
  for (const statement of others) gather(statement, known)
}

/** Writes the row of a call with those that gather meanwhile, for as long as the service lets them (src/audit/deliveries.ts). */
function gather(statement, known) {
  if (statement.waiting.length === 0) setTimeout(() => write(statement).catch(fail), 20)
  statement.waiting.push(statement.fill(known))
}

async function write({ name, text, waiting }) {
  const [first, ...rest] = waiting.splice(0)
  const values = first.map((column, slot) => column.concat(...rest.map((row) => row[slot])))
  await pool.query({ name, text, values })
}

function fail(error) {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
}

/** A token and its user, or null where the code was not right. */
async function verify([first, ...others], identifier, { headers, body }) {
  const known = {
    ...facts.ofVerify(identifier, body.otp, headers['x-forwarded-for'], randomUUID()),
    sessionId: uuid(),
    userId: uuid(),
  }
  const [row] = await ask(first, known)
  if (row.outcome !== 'signed_in') return null
  for (const statement of others) await ask(statement, known)
  const user = { ...row, userName: row.user_name, createdAt: row.created_at, updatedAt: row.updated_at }
  return { token: tokens.issue(user.id, known.sessionId, sessions.tokenTimeToLive), user: userOf(user) }
}

function userOf({ id, userName, phone, email, role, createdAt, updatedAt }) {
  return {
    id,
    user_name: userName,
    mobile_number: phone.slice(3),
    phone,
    email,
    role,
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

const wrong = { code: 'otp_invalid' }

app.post('/api/auth/send-otp', async (request) => {
  await send(`+91${request.body.mobile_number}`, request)
  return { success: true, message: 'OTP sent successfully' }
})

app.post('/api/auth/verify-otp', async (request, reply) => {
  const verified = await verify(calls.verify, `+91${request.body.mobile_number}`, request)
  return verified === null ? reply.code(401).send(wrong) : { success: true, isNewUser: false, ...verified }
})

app.post('/auth/request-otp', async (request) => {
  await send(request.body.phonePrefix + request.body.phone, request)
  return { message: 'OTP sent' }
})

app.post('/auth/verify-otp', async (request, reply) => {
  const verified = await verify(calls.signup, request.body.phonePrefix + request.body.phone, request)
  return verified === null ? reply.code(401).send(wrong) : { ...verified, isNewUser: true }
})

app.get('/api/auth/me', async ({ headers }, reply) => {
  const claims = tokens.verify(String(headers.authorization).slice('Bearer '.length))
  if (claims === null) return reply.code(401).send({ code: 'unauthorized' })
  const known = { sessionId: claims.sid, userId: claims.sub }
  const [first, ...others] = calls.me
  const [user] = await ask(first, known)
  const addresses = []
  for (const statement of others) addresses.push(...(await ask(statement, known)))
  return { success: true, data: { ...userOf(user), addresses } }
})

app.get('/ready', async () => ({ ready: (await pool.query('SELECT 1')).rowCount === 1 }))

stopOnSignal(async () => {
  app.server.closeAllConnections()
  await app.close()
  await pool.end()
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
