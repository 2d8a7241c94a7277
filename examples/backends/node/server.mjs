// A back end beside the service: who asks, by the service's public keys or by asking it each time.
import { createVerifier, SessionCheckError } from '@latchkey/server'
import { fastify } from 'fastify'

const { AUTH_URL: url, MODE: mode = 'jwks', INTROSPECTION_TOKEN: introspectionToken, PORT } = process.env
const { verify } = createVerifier(mode === 'introspection' ? { url, mode, introspectionToken } : { url })

const app = fastify()

app.get('/orders', async (request, reply) => {
  const session = await verify(request)
  if (session === null) return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'unauthorized' })
  return { user_id: session.userId }
})

// Nobody can tell who asks: nobody is let in, and nobody is signed out for it.
app.setErrorHandler((error, _request, reply) => {
  const isLater = error instanceof SessionCheckError && error.code === 'unavailable'
  if (!isLater) process.stderr.write(`${error.stack}\n`)
  return reply.code(isLater ? 503 : 500).send({ error: isLater ? 'unavailable' : 'internal' })
})

await app.listen({ host: '127.0.0.1', port: Number(PORT) })
