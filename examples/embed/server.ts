// An application of one's own with the whole service inside, under /auth-service (docs/guides/embed.md).
import { latchkeySession, requireSession } from '@latchkey/server/fastify'
import { fastify } from 'fastify'
import { latchkey } from 'latchkey/embed'

const port = Number(process.env['PORT'] ?? 8080)
const app = fastify()

// Its settings are those of .env.example; here they come from the environment.
await app.register(latchkey, { prefix: '/auth-service', settings: process.env })

// Who asks, in the application's own routes: by the keys of the service, which it asks on its own address.
await app.register(latchkeySession, { url: `http://127.0.0.1:${port}/auth-service` })
app.get('/orders', { preHandler: requireSession }, async ({ session }) => ({ orders: [], of: session?.userId }))

await app.listen({ host: '127.0.0.1', port })
