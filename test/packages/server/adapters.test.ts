// The same rule in four frameworks: who is signed in, 401 for nobody, 403 for other sites' pages, 503 where nobody can tell.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import t, { type Test } from 'tap'
import * as forExpress from '../../../packages/server/src/express.js'
import * as forFastify from '../../../packages/server/src/fastify.js'
import * as forHono from '../../../packages/server/src/hono.js'
import type { SessionCheckError } from '../../../packages/server/src/index.js'
import { createLatchkey } from '../../../packages/server/src/next.js'
import { fakeService, sign } from './tokens.js'

type Ask = (path: string, init?: RequestInit) => Promise<Response>
type Options = ReturnType<typeof fakeService>

/** `/me` is open and tells who asks, `/orders` is for whoever is signed in. */
const frameworks: Record<string, (t: Test, options: Options) => Promise<Ask>> = {
  async fastify(t, options) {
    const app = fastify()
    app.register(forFastify.latchkeySession, options)
    app.get('/me', async ({ session }) => ({ userId: session?.userId ?? null }))
    app.register(async (closed) => {
      closed.addHook('preHandler', forFastify.requireSession)
      closed.route({ method: ['GET', 'POST'], url: '/orders', handler: async (request) => request.session?.claims })
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    t.teardown(() => app.close())
    const { port } = app.server.address() as AddressInfo
    return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init)
  },

  async express(t, options) {
    const app = express()
    app.use(forExpress.latchkeySession(options))
    app.get('/me', ({ session }, response) => void response.json({ userId: session?.userId ?? null }))
    app.all('/orders', forExpress.requireSession, ({ session }, response) => void response.json(session?.claims))
    app.use(((error, _request, response, _next) => {
      response.status(error.statusCode).json({ message: error.message })
    }) satisfies express.ErrorRequestHandler)
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    return (path, init) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init)
  },

  async hono(_t, options) {
    const app = new Hono<forHono.SessionEnv>()
    app.use(forHono.latchkeySession(options))
    app.get('/me', (c) => c.json({ userId: c.get('session')?.userId ?? null }))
    app.all('/orders', forHono.requireSession, (c) => c.json(c.get('session')?.claims))
    app.onError((error) => new Response(error.message, { status: (error as SessionCheckError).statusCode }))
    return async (path, init) => app.request(`https://shop.example${path}`, init)
  },

  async next(_t, options) {
    const { verify, withSession } = createLatchkey(options)
    const orders = withSession<{ params: string }>((_request, { session, params }) =>
      Response.json({ ...session.claims, params }),
    )
    return async (path, init) => {
      const request = new Request(`https://shop.example${path}`, init)
      if (path === '/orders') return orders(request, { params: 'kept' })
      return verify(request).then(
        (session) => Response.json({ userId: session?.userId ?? null }),
        ({ statusCode }: SessionCheckError) => new Response('', { status: statusCode }),
      )
    }
  },
}

for (const [name, start] of Object.entries(frameworks)) {
  t.test(name, async (t) => {
    const ask = await start(t, fakeService({}))
    const token = await sign({ sub: 'asha' })
    const bearer = { headers: { authorization: `Bearer ${token}` } }
    t.strictSame(await (await ask('/me')).json(), { userId: null })
    t.strictSame(await (await ask('/me', bearer)).json(), { userId: 'asha' })
    t.match(await (await ask('/orders', bearer)).json(), { sub: 'asha' })
    t.equal((await ask('/orders', { headers: { cookie: `jwt=${token}` } })).status, 200)

    const refusals: [RequestInit, number, string, string | null][] = [
      [{}, 401, 'unauthorized', 'Bearer realm="latchkey"'],
      [
        { headers: { authorization: 'Bearer a.b.c' } },
        401,
        'unauthorized',
        'Bearer realm="latchkey", error="invalid_token"',
      ],
      [
        { headers: { authorization: `Bearer ${await sign({ exp: 1 })}` } },
        401,
        'token_expired',
        'Bearer realm="latchkey", error="invalid_token"',
      ],
      [
        { method: 'POST', headers: { cookie: `jwt=${token}`, origin: 'https://evil.example' } },
        403,
        'cross_site',
        null,
      ],
    ]
    for (const [init, status, code, challenge] of refusals) {
      const answer = await ask('/orders', init)
      t.equal(answer.status, status)
      t.equal(answer.headers.get('www-authenticate'), challenge)
      t.match(answer.headers.get('content-type'), 'application/problem+json')
      t.equal(answer.headers.get('cache-control'), 'no-store')
      t.match(await answer.json(), {
        code,
        status,
        success: false,
        errors: [String],
        type: `urn:latchkey:error:${code}`,
      })
    }

    const away = await start(t, fakeService(new Error('ECONNREFUSED')))
    t.equal((await away('/orders', bearer)).status, 503, 'nobody is let in')
    t.equal((await away('/me', bearer)).status, 503)
    t.equal((await away('/me')).status, 200, 'who shows nothing is asked about by nobody')
  })
}

t.test('a hook without its plugin lets nobody in', async (t) => {
  const app = fastify()
  app.get('/', { preHandler: forFastify.requireSession as never }, async () => 'in')
  t.equal((await app.inject('/')).statusCode, 401)
  const hono = new Hono().get('/', forHono.requireSession as never, (c) => c.text('in'))
  t.equal((await hono.request('https://a.example/')).status, 401)
  let status = 0
  const response = {
    set statusCode(value: number) {
      status = value
    },
    setHeader: () => {},
    end: () => {},
  } as never
  forExpress.requireSession({ headers: {} }, response, () => t.fail('let in'))
  t.equal(status, 401)
})

t.test('wrong options stop the start', async (t) => {
  const app = fastify()
  app.register(forFastify.latchkeySession, { url: '' })
  await t.rejects(async () => app.ready(), { code: 'misconfigured' })
  for (const make of [forExpress.latchkeySession, forHono.latchkeySession, createLatchkey])
    t.throws(() => make({ url: '' }), { code: 'misconfigured' })
})

t.test('Next.js: pages, actions and the gate', async (t) => {
  const { session, gate } = createLatchkey(fakeService({}))
  const token = await sign({ sub: 'asha' })
  const cookie = `jwt=${token}`
  t.match(await session(new Headers({ cookie })), { userId: 'asha' }, 'looking at a page')
  t.match(await session({ cookie }), { userId: 'asha' })
  t.equal(await session(new Headers({ cookie, 'next-action': 'a1' })), null, 'an action of another site')
  t.equal(await session({ cookie, 'next-action': 'a1' }), null)
  const own = { cookie, 'next-action': 'a1', origin: 'https://shop.example', host: 'shop.example' }
  t.match(await session(new Headers(own)), { userId: 'asha' })
  // Without scripts a form is sent as it is, and no header of Next.js comes with it.
  const form = { cookie, 'content-type': 'multipart/form-data; boundary=a', origin: 'https://evil.example' }
  t.equal(await session(new Headers(form)), null, 'a form of another site')
  t.equal(await session(form), null)
  t.match(await session(new Headers({ ...own, 'content-type': form['content-type'] })), { userId: 'asha' })

  const guard = gate({ signIn: '/sign-in', isOpen: (path) => path.startsWith('/public') })
  const page = { accept: 'text/html,application/xhtml+xml' }
  const visit = (path: string, headers: Record<string, string> = page, method = 'GET') =>
    guard(new Request(`https://shop.example${path}`, { method, headers }))
  const sent = await visit('/orders?page=2')
  t.match(sent, { status: 303 })
  t.equal(sent?.headers.get('location'), 'https://shop.example/sign-in?next=%2Forders%3Fpage%3D2')
  for (const path of ['//evil.example/a', '///evil.example/a', '/.//evil.example/a', '/\\evil.example/a'])
    t.match((await visit(path))?.headers.get('location'), /\?next=%2Fevil\.example%2Fa$/, `${path} is a path to all`)
  t.equal(await visit('/orders', { ...page, cookie }), undefined)
  t.equal(await visit('/sign-in'), undefined, 'no circle')
  t.equal(await visit('/public/a'), undefined)
  t.match(await visit('/orders', { accept: 'application/json' }), { status: 401 })
  t.match(await visit('/orders', page, 'POST'), { status: 401 })
  t.match(await visit('/orders', { ...page, cookie, origin: 'https://evil.example' }, 'POST'), { status: 403 })

  const away = createLatchkey(fakeService({ status: 503, headers: { 'retry-after': '9' } }))
  const waiting = await away.gate({ signIn: '/sign-in' })(
    new Request('https://shop.example/', { headers: { ...page, cookie } }),
  )
  t.match(waiting, { status: 503 }, 'nobody is sent to sign in again for that')
  t.equal(waiting?.headers.get('retry-after'), '9')
  const wrong = createLatchkey(fakeService({ status: 404 }))
  const guarded = wrong.withSession(() => new Response('in'))
  await t.rejects(guarded(new Request('https://shop.example/', { headers: { cookie } }), {}), { code: 'misconfigured' })
})
