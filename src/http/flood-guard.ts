// The outermost fence: requests of one address in a minute, on every route and on none. It damps floods; what security depends on
// is counted in PostgreSQL.
import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'
import { Problem } from '../errors.js'
import { clientAddressOf } from './client.js'
import { answerNotFound } from './error-answers.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * for routes whose clients sign the body: a provider reports on all messages from a few addresses, so that only calls
     * without a good signature count there, by {@link FastifyInstance.refuseForgery}
     */
    isSigned?: true
    /**
     * for what orchestrators ask: never refused, whoever else floods from their address, so that no flood takes a replica out of
     * service. To refuse costs as much as to answer; what costs more is bounded by the route.
     */
    isProbe?: true
  }
  interface FastifyRequest {
    /** what it is answered where its address has asked too much, else null */
    floodRefusal: Problem | null
    isSignatureGood: boolean
  }
  interface FastifyInstance {
    /** Counts a request by its address. Not there before {@link useFloodGuard}. */
    countFlood?: (request: FastifyRequest) => Promise<void>
    /** Lets a call of a signed route in, or throws a Problem. What was refused there before it is counted, whatever for. */
    requireSignature: (request: FastifyRequest, isGood: boolean) => void
  }
}

/** What a call hears whose signature is not good. */
export const forgery = {
  code: 'forbidden',
  details: { errors: ['The signature is missing, wrong or out of date'] },
} as const

export type FloodGuardOptions = Readonly<{
  perMinute: number
  /** where replicas share their counts; each counts by itself without one */
  redisUrl: string | undefined
}>

/** To be registered before all that answers; {@link refuseFloods} after what a refusal has to carry, and before the routes. */
export async function useFloodGuard(app: FastifyInstance, { perMinute, redisUrl }: FloodGuardOptions): Promise<void> {
  const redis = redisUrl === undefined ? undefined : await openRedis(app, redisUrl)
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
    keyGenerator: (request) => clientAddressOf(request).block,
    allowList: ({ routeOptions: { config } }) => config.isSigned === true || config.isProbe === true,
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
  const limit = app.createRateLimit()
  app.decorateRequest('floodRefusal', null)
  async function countFlood(request: FastifyRequest): Promise<void> {
    const count = await limit(request)
    if (!count.isAllowed && count.isExceeded) request.floodRefusal = tooMany(count.ttl)
  }
  app.decorate('countFlood', countFlood)
  // As a hook of the whole server: before the hooks of any route, and on unknown paths too.
  app.addHook('onRequest', (request, _reply, done) => {
    countFlood(request).then(() => done(), done)
  })
}

/** Turns away who asks too much. */
export function refuseFloods(app: FastifyInstance): void {
  app.addHook('onRequest', ({ floodRefusal }, _reply, done) => {
    if (floodRefusal === null) done()
    else done(floodRefusal)
  })
  useForgeryGuard(app)
  // Before the body is read: whatever it holds, it was sent to nobody.
  app.addHook('onRequest', ({ is404 }, _reply, done) => {
    if (is404) done(new Problem('not_found'))
    else done()
  })
  app.setNotFoundHandler(answerNotFound)
}

/**
 * Counts calls of signed routes that are refused, for their signature or whatever else is wrong with them, and turns their address
 * away before a body is read when there are too many.
 */
function useForgeryGuard(app: FastifyInstance): void {
  const forgeries = app.createRateLimit({
    keyGenerator: (request) => `forged:${clientAddressOf(request).block}`,
    allowList: [],
  })
  async function refuseForgers(request: FastifyRequest): Promise<void> {
    const count = await forgeries(request, { increment: false })
    if (!count.isAllowed && count.remaining === 0) throw tooMany(count.ttl)
  }
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.isSigned === true) refuseForgers(request).then(() => done(), done)
    else done()
  })
  app.decorateRequest('isSignatureGood', false)
  app.decorate('requireSignature', (request: FastifyRequest, isGood: boolean) => {
    if (!isGood) throw new Problem(forgery.code, forgery.details)
    request.isSignatureGood = true
  })
  app.addHook('onResponse', (request, { statusCode }, done) => {
    const isRefused = statusCode >= 400 && statusCode < 500 && statusCode !== 429
    if (request.routeOptions.config.isSigned !== true || request.isSignatureGood || !isRefused) done()
    else forgeries(request).then(() => done(), done)
  })
}

/** @param milliseconds until the minute is over */
function tooMany(milliseconds: number): Problem {
  return new Problem('rate_limited', { retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)) })
}

/* c8 ignore start -- needs Redis: test/limits/redis.test.ts, which the gate runs */
async function openRedis(app: FastifyInstance, url: string): Promise<Redis> {
  // Loaded where it is used: it takes as long as a tenth of the start.
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: 500,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    lazyConnect: true,
  })
  redis.on('error', (error) => app.log.warn({ err: error }, 'the flood guard cannot reach Redis'))
  // So that the first requests are counted. Where it cannot be reached it is tried again by itself.
  await redis.connect().catch(() => {})
  app.addHook('onClose', async () => redis.disconnect())
  return redis
}
/* c8 ignore stop */
