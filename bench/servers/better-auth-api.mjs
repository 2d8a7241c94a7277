// better-auth in its strongest form: its functions called from plain Fastify routes, past its router.
import { fastify } from 'fastify'
import { auth, isReady, pool } from './better-auth.mjs'
import { stopOnSignal } from './stop.mjs'

const app = fastify({ logger: false })
app.setErrorHandler((error, _request, reply) => reply.code(error.statusCode ?? 500).send(error.body ?? {}))

app.get('/ready', async () => ({ ready: await isReady() }))

app.post('/api/auth/phone-number/send-otp', ({ body }) => auth.api.sendPhoneNumberOTP({ body }))

app.post('/api/auth/phone-number/verify', async ({ body }, reply) => {
  const { headers, response } = await auth.api.verifyPhoneNumber({ body, returnHeaders: true })
  reply.header('set-cookie', headers.getSetCookie())
  return response
})

app.get('/api/auth/get-session', ({ headers }) =>
  auth.api.getSession({ headers: new Headers({ cookie: String(headers.cookie) }) }),
)

stopOnSignal(async () => {
  app.server.closeAllConnections()
  await app.close()
  await pool.end()
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
