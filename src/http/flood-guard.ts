// The outermost fence: requests of one address in a minute, on every route and on none. It damps floods; what security depends on
// is counted in PostgreSQL.
import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import { Problem } from '../errors.js'
import { clientBlock } from './address.js'
import { answerNotFound } from './error-answers.js'

export type FloodGuardOptions = Readonly<{
  perMinute: number
  /** where replicas share their counts; each counts by itself without one */
  redisUrl: string | undefined
}>

/** To be registered before the routes. */
export async function useFloodGuard(app: FastifyInstance, { perMinute, redisUrl }: FloodGuardOptions): Promise<void> {
  const redis = redisUrl === undefined ? undefined : openRedis(app, redisUrl)
  const silent = {
    'x-ratelimit-limit': false,
    'x-ratelimit-remaining': false,
    'x-ratelimit-reset': false,
    'retry-after': false,
  }
  await app.register(fastifyRateLimit, {
    global: false,
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => clientBlock(ip),
    errorResponseBuilder: (_request, { ttl }) =>
      new Problem('rate_limited', { retryAfter: Math.max(1, Math.ceil(ttl / 1000)) }),
    addHeaders: silent,
    addHeadersOnExceeding: silent,
    /* c8 ignore start -- needs Redis: test/limits/redis.test.ts, which the gate runs */
    ...(redis && {
      redis,
      nameSpace: 'latchkey:flood:',
      // The fence may have a gap while Redis is away; the limits behind it have none.
      skipOnError: true,
    }),
    /* c8 ignore stop */
  })
  // As a hook of the whole server: before the hooks of any route, and on unknown paths too.
  app.addHook('onRequest', app.rateLimit())
  // Before the body is read: whatever it holds, it was sent to nobody.
  app.addHook('onRequest', async ({ is404 }) => {
    if (is404) throw new Problem('not_found')
  })
  app.setNotFoundHandler(answerNotFound)
}

/* c8 ignore start -- needs Redis: test/limits/redis.test.ts, which the gate runs */
function openRedis(app: FastifyInstance, url: string): Redis {
  const redis = new Redis(url, {
    connectTimeout: 500,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    lazyConnect: true,
  })
  redis.on('error', (error) => app.log.warn({ err: error }, 'the flood guard cannot reach Redis'))
  // Where it cannot be reached it is tried again by itself.
  redis.connect().catch(() => {})
  app.addHook('onClose', async () => redis.disconnect())
  return redis
}
/* c8 ignore stop */
