// The least that Fastify can do: one route, one constant answer.
import { fastify } from 'fastify'
import { stopOnSignal } from './stop.mjs'

const app = fastify({ logger: false })
app.get('/', async () => ({ hello: 'world' }))
stopOnSignal(() => process.exit(0))
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
