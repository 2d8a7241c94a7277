// Compiled by scripts/check-packages.mjs against the packed package, as a back end would be.
import type { IncomingMessage } from 'node:http'
import { createVerifier, type Session, SessionCheckError, verifySession } from '@latchkey/server'
import * as forExpress from '@latchkey/server/express'
import * as forFastify from '@latchkey/server/fastify'
import * as forHono from '@latchkey/server/hono'
import { createLatchkey } from '@latchkey/server/next'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'

const options = { url: 'https://auth.example.com' }
const introspection = { ...options, mode: 'introspection', introspectionToken: 'secret', cacheFor: 5 } as const

const app = fastify()
app.register(forFastify.latchkeySession, options)
app.get('/orders', { preHandler: forFastify.requireSession }, async ({ session }) => session?.userId ?? null)

export const shop = express()
shop.use(forExpress.latchkeySession(introspection))
shop.get('/orders', forExpress.requireSession, ({ session }, response) => {
  response.json({ userId: session?.userId, until: session?.expiresAt.toISOString() })
})

export const edge = new Hono<forHono.SessionEnv>()
edge.use(forHono.latchkeySession(options))
edge.get('/orders', forHono.requireSession, (c) => c.text(c.get('session')?.sessionId ?? ''))

export const { withSession, gate, session } = createLatchkey(options)
export const GET = withSession((_request, { session: { userId } }) => Response.json({ userId }))
export const proxy = gate({ signIn: '/sign-in' })

export async function plain(request: IncomingMessage): Promise<Session | null> {
  const { verify, check } = createVerifier(introspection)
  const { session: mine, refusal } = await check(request)
  if (mine === null && refusal === 'token_expired') return null
  await verifySession(new Request('https://shop.example/'), options)
  return verify(request).catch((error: unknown) => {
    if (error instanceof SessionCheckError && error.code === 'unavailable') return null
    throw error
  })
}

// @ts-expect-error: introspection needs the service's secret
createVerifier({ ...options, mode: 'introspection' })
// @ts-expect-error: no algorithm of a shared secret
createVerifier({ ...options, algorithm: 'HS256' })
