// A check is made before the body, and again once it is there, unless it was there from the beginning.
import fastifyCookie from '@fastify/cookie'
import { fastify } from 'fastify'
import t from 'tap'
import { aroundBody, isAwaited } from '../../src/http/around-body.js'
import { createAuthenticate } from '../../src/sessions/authenticate.js'
import { sendWhole, startSlowly } from '../support/slow-request.js'

t.test('a check runs once for what came whole, and twice where the body came later', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const checks: boolean[] = []
  let onCheck = () => {}
  // As in the service, whose flood guard is one: no hook of a route runs before the bytes that came together are read.
  app.addHook('onRequest', async () => {})
  await app.register(async (scope) => {
    const { onRequest, preValidation } = aroundBody(async (request) => {
      checks.push(isAwaited(request))
      onCheck()
    })
    scope.addHook('onRequest', onRequest)
    scope.addHook('preValidation', preValidation)
    scope.route({ method: ['GET', 'POST'], url: '/', handler: async () => 'done' })
  })
  const call = { path: '/', body: { a: 1 } }

  t.equal((await sendWhole(app, { ...call, method: 'POST' })).text, 'done')
  t.strictSame(checks.splice(0), [false])
  t.equal((await sendWhole(app, { ...call, method: 'GET' })).text, 'done')
  t.strictSame(checks.splice(0), [false])

  for (const [method, expected] of [
    ['POST', [true, false]],
    ['GET', [false]],
  ] as const) {
    const checked = new Promise<void>((resolve) => {
      onCheck = resolve
    })
    const finish = await startSlowly(app, { ...call, method })
    await checked
    t.equal((await finish()).text, 'done')
    t.strictSame(checks.splice(0), expected, `${method}: before the body, then with nothing left to wait for`)
  }

  t.equal((await app.inject({ method: 'POST', url: '/', payload: {} })).body, 'done')
  t.strictSame(checks, [true, false], 'what cannot say that it came whole is checked again')
})

t.test('a cookie is renewed by the last check alone', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  let renewals = 0
  let isOver = false
  const sessions = {
    authenticate: async () => (isOver ? null : { user: { id: 'somebody' } }),
    endedClaims: () => null,
    renew: async () => ({ token: `renewed ${++renewals}`, lifetime: 60 }),
  }
  const cookie = {
    name: 'jwt',
    set: (reply: { header: (name: string, value: string) => void }, token: string) => reply.header('x-renewed', token),
  }
  app.decorateRequest('authentication', null)
  await app.register(fastifyCookie)
  const [given, ours] = [sessions, { cookie }] as unknown as Parameters<typeof createAuthenticate>
  app.post('/', { ...aroundBody(createAuthenticate(given, ours)) }, async () => 'done')
  app.setErrorHandler((error: Error, _request, reply) => reply.code(401).send(error.message))

  const slow = { method: 'POST', path: '/', body: {}, headers: { cookie: 'jwt=a' } }
  const answer = await (await startSlowly(app, slow))()
  t.match([answer.text, answer.headers['x-renewed']], ['done', 'renewed 1'])

  const finish = await startSlowly(app, slow)
  isOver = true
  const refused = await finish()
  t.match(
    [refused.status, refused.headers['x-renewed'], renewals],
    [401, undefined, 1],
    'no cookie of a session that is over',
  )
})
