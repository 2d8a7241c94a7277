// Every route that there is has an audience: whoever adds one without shows up here.
import fastifyCookie from '@fastify/cookie'
import { fastify } from 'fastify'
import t from 'tap'
import { signedIn } from '../../src/sessions/authenticate.js'
import { Policies } from '../../src/users/policies.js'
import { startApp } from '../support/app.js'
import { join, nobody } from './people.js'
import { routesOf } from './routes.js'

t.test('a scope for oneself lets in whoever is signed in', async (t) => {
  const authenticated = { user: { id: nobody } }
  const sessions = {
    authenticate: async (token: string) => (token === 'good' ? authenticated : null),
    endedClaims: () => null,
  }
  const dependencies = { sessions, cookie: { name: 'jwt' }, audit: {} } as unknown as ConstructorParameters<
    typeof Policies
  >[0]
  const app = fastify()
  app.decorateRequest('authentication', null)
  app.decorateRequest('apiKey', null)
  await app.register(fastifyCookie)
  await app.register(async (scope) => {
    new Policies(dependencies).forSelf(scope)
    scope.get('/', async (request) => signedIn(request).user)
  })
  const ask = (token: string) => app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })
  t.match((await ask('good')).json(), { id: nobody })
  t.match((await ask('other')).json(), { message: 'Sign in first' })
})

/** Routes that anybody may call, each for a reason that its own test tells. */
const publicRoutes = [
  'POST /api/auth/send-otp',
  'POST /api/auth/verify-otp',
  'POST /api/auth/signup',
  'POST /api/auth/logout',
  'POST /auth/request-otp',
  'POST /auth/verify-otp',
  'POST /auth/introspect',
  'POST /auth/new-account',
  'POST /auth/exchange',
  'GET /auth/phone-prefixes',
  'GET /.well-known/jwks.json',
  'GET /health/live',
  'GET /health/ready',
  'GET /openapi.json',
  // With a token of its own in production.
  'GET /metrics',
]
const isPublic = (route: string) => publicRoutes.includes(route.replace(/^HEAD /, 'GET ')) || / \/docs/.test(route)

t.test('nobody comes in but where the door is open to all', async (t) => {
  const service = await startApp(t, { settings: { INTROSPECTION_TOKEN: 'a-token-of-thirty-two-bytes-and-more' } })
  const routes = routesOf(service.app)
  for (const route of [
    ...publicRoutes,
    'GET /users',
    'HEAD /users/:id',
    'DELETE /users/:id/sessions',
    'GET /docs/static/swagger-ui.css',
  ]) {
    t.ok(routes.includes(route), `${route} is a route`)
  }
  const eve = await join(service, 'eve@example.com')
  for (const route of routes.filter((each) => !isPublic(each))) {
    const [method = '', path = ''] = route.split(' ')
    const url = path.replace(/:\w+/g, nobody)
    const anonymous = await service.app.inject({ method: method as 'GET', url })
    // A method that is not there answers nobody, nor does the preflight of no page that we allow.
    if (anonymous.statusCode === 405 || route === 'OPTIONS *') continue
    t.equal(anonymous.statusCode, 401, `${route} without a token`)
    if (!/^\/users(\/:id|$)/.test(path)) continue
    const headers = { authorization: `Bearer ${eve.token}` }
    t.equal((await service.app.inject({ method: method as 'GET', url, headers })).statusCode, 403, `${route} of others`)
  }
})
