// What the job itself costs: bare Fastify and node-postgres on better-auth's own tables, one statement for a send, one update, one
// select and one insert for a login, nothing else. Codes in clear, no limit, no event, no counter, no check of what comes in.
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { fastify } from 'fastify'
import pg from 'pg'
import { createDelivery } from './delivery.mjs'
import { stopOnSignal } from './stop.mjs'

const deliver = createDelivery(process.env)
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
})
const app = fastify({ logger: false })

async function ask(name, text, values) {
  const { rows } = await pool.query({ name, text, values })
  return rows
}

const putCode = `WITH gone AS (DELETE FROM verification WHERE identifier = $2)
  INSERT INTO verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
  VALUES ($1, $2, $3, now() + interval '1 day', now(), now())`
const takeCode = `DELETE FROM verification WHERE identifier = $1 AND split_part(value, ':', 1) = $2 AND "expiresAt" > now() RETURNING id`
const countWrong = `UPDATE verification SET value = split_part(value, ':', 1) || ':' || (split_part(value, ':', 2)::int + 1) WHERE identifier = $1`
const findUser = `SELECT id, "phoneNumber", "createdAt" FROM "user" WHERE "phoneNumber" = $1`
const addUser = `INSERT INTO "user" (id, name, email, "emailVerified", "phoneNumber", "phoneNumberVerified", "createdAt", "updatedAt")
  VALUES ($1, $2, $3, false, $2, true, now(), now()) RETURNING id, "phoneNumber", "createdAt"`
const addSession = `INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
  VALUES ($1, $2, $3, now() + interval '7 days', now(), now())`
const findSession = `SELECT u.id, u."phoneNumber", u."createdAt" FROM session s JOIN "user" u ON u.id = s."userId"
  WHERE s.token = $1 AND s."expiresAt" > now()`

app.get('/ready', async () => ({ ready: (await pool.query('SELECT 1')).rowCount === 1 }))

app.post('/api/auth/phone-number/send-otp', async ({ body: { phoneNumber } }) => {
  const code = String(randomInt(0, 1_000_000)).padStart(6, '0')
  await ask('put code', putCode, [randomUUID(), phoneNumber, `${code}:0`])
  await deliver(phoneNumber, code)
  return { message: 'code sent' }
})

app.post('/api/auth/phone-number/verify', async ({ body: { phoneNumber, code } }, reply) => {
  const taken = await ask('take code', takeCode, [phoneNumber, code])
  if (taken.length === 0) {
    await ask('count wrong', countWrong, [phoneNumber])
    return reply.code(400).send({ code: 'INVALID_OTP' })
  }
  const [found] = await ask('find user', findUser, [phoneNumber])
  const [user] = found
    ? [found]
    : await ask('add user', addUser, [randomUUID(), phoneNumber, `${phoneNumber}@bench.example`])
  const token = randomBytes(24).toString('base64url')
  await ask('add session', addSession, [randomUUID(), token, user.id])
  reply.header('set-cookie', `better-auth.session_token=${token}; Path=/; HttpOnly`)
  return { status: true, user }
})

app.get('/api/auth/get-session', async ({ headers }) => {
  const token = String(headers.cookie).split('=')[1]
  const [user] = await ask('find session', findSession, [token])
  return { user }
})

stopOnSignal(async () => {
  app.server.closeAllConnections()
  await app.close()
  await pool.end()
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
