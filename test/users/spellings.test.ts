// `me` in other letters, and parameters of other routes: the same meaning or none, never another one.
import t from 'tap'
import { startApp } from '../support/app.js'

async function signIn(service: Awaited<ReturnType<typeof startApp>>, email = 'asha@example.com') {
  await service.database.$executeRaw`DELETE FROM otps`
  await service.post('/auth/request-otp', { email })
  const { body } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  return { id: String(body.user.id), headers: { authorization: `Bearer ${body.token}` } }
}

t.test('/users/ME is nothing, on every route and method', async (t) => {
  const service = await startApp(t)
  const { headers } = await signIn(service)
  await signIn(service)
  t.equal((await service.get('/users/me', { headers })).status, 200)
  t.equal((await service.get('/users/%6De', { headers })).status, 200, 'the same path, escaped')
  for (const me of ['ME', 'Me', 'mE', '%4De', 'me%20']) {
    for (const [method, rest] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['GET', '/sessions'],
      ['DELETE', '/sessions'],
      ['DELETE', '/sessions?others=true'],
      ['GET', '/export'],
      ['GET', '/addresses'],
      ['POST', '/identifiers'],
    ] as const) {
      const payload = method === 'PATCH' ? { user_name: 'x' } : undefined
      const { status } = await service.ask({ method, url: `/users/${me}${rest}`, headers, ...(payload && { payload }) })
      // 403: what admins alone may ask is refused before its path is read
      t.ok([400, 403, 404, 405].includes(status), `${method} /users/${me}${rest}: ${status}`)
    }
  }
  t.equal(await service.database.session.count(), 2, 'no session was ended')
  t.match(await service.get('/users/ME', { headers }), { status: 404, body: { code: 'not_found' } })
})

t.test('a parameter that a route does not know is refused', async (t) => {
  const service = await startApp(t)
  const { id, headers } = await signIn(service)
  for (const [method, url] of [
    ['DELETE', `/users/${id}/sessions?others=true`],
    ['DELETE', `/users/${id}?dry_run=true`],
    ['GET', '/users/me?fields=email'],
    ['GET', '/users/me/sessions?others=true'],
    ['GET', '/users/me/export?format=csv'],
  ] as const) {
    const { status, body } = await service.ask({ method, url, headers })
    t.match([status, body.errors?.[0]], [400, /is not a known field$/], url)
  }
  t.equal((await service.get(`/users/${id.toUpperCase()}`, { headers })).status, 200, 'a UUID is one in capitals too')
})
