// Every route asked by everybody: docs/authorization.md is the table of the answers, and a new route without a row fails here.
// `UPDATE_AUTHORIZATION=1 npm test -- test/users/authorization-matrix.test.ts` writes the table anew: read the difference.
import { readFileSync, writeFileSync } from 'node:fs'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { insertPasskey } from '../passkeys/passkey-people.js'
import { type Answer, startApp, type TestApp } from '../support/app.js'
import { projectUrl } from '../support/project.js'
import { bodies, byPath, home, newEmail, settings, urlOf } from './asked.js'
import { ageProofs, join, joinAsAdmin, nobody, type Person } from './people.js'
import { routesOf } from './routes.js'

const document = new URL('docs/authorization.md', projectUrl)

type People = Readonly<{ user: Person; other: Person; admin: Person }>

async function gather(service: TestApp): Promise<People> {
  const [user, other] = [await join(service, newEmail()), await join(service, newEmail())]
  return { user, other, admin: await joinAsAdmin(service, newEmail()) }
}

/** What the parameter `id` of a route names: something of this person's. */
async function idFor(service: TestApp, route: string, person: Person): Promise<string> {
  if (route.includes('/passkeys/:id')) return insertPasskey(service, person.id)
  if (route.includes('/addresses/')) return (await person.post('/users/me/addresses', home)).body.data.id
  if (route.includes('/me/sessions/')) return (await person.get('/users/me/sessions')).body.data[0].id
  return person.id
}

function ask(service: TestApp, route: string, id: string, who?: Person): Promise<Answer> {
  const [method, path = ''] = route.split(' ')
  const request: InjectOptions = { method: method as 'GET', url: urlOf(path, id) }
  const payload = bodies[route]?.() ?? (method === 'GET' || method === 'DELETE' ? undefined : {})
  return service.ask({
    ...request,
    ...(who && { headers: { authorization: `Bearer ${who.token}` } }),
    ...(payload && { payload }),
  })
}

const cell = ({ status, body }: Answer) => [status, body?.code].filter((part) => part !== undefined).join(' ')

t.test('the table of docs/authorization.md is what the service does', async (t) => {
  const service = await startApp(t, { settings })
  const rows: string[] = []
  const isAsked = (route: string) => !/^(HEAD|OPTIONS|TRACE) | \/docs/.test(route)
  for (const route of [...new Set(routesOf(service.app))].filter(isAsked).sort(byPath)) {
    const first = await ask(service, route, nobody)
    // A method that is not there answers nobody.
    if (first.status === 405) continue
    const { user, other, admin } = await gather(service)
    // Those first who may not, so that what they ask about is still there.
    const id = await idFor(service, route, user)
    const byOther = await ask(service, route, id, other)
    if (route.includes('/:id')) {
      const missing = await ask(service, route, nobody, other)
      t.equal(missing.text, byOther.text, `${route}: existing and unknown ids look alike`)
      const anonymous = await ask(service, route, id)
      t.equal(anonymous.text, first.text, `${route}: without a token too`)
    }
    const forAdmin = await idFor(service, route, await join(service, newEmail()))
    const byAdmin = await ask(service, route, forAdmin, admin)
    const byUser = await ask(service, route, id, user)
    const late = await join(service, newEmail())
    const forLate = await idFor(service, route, late)
    await ageProofs(service)
    const byLate = await ask(service, route, forLate, late)
    rows.push(`| \`${route}\` | ${[first, byUser, byLate, byOther, byAdmin].map(cell).join(' | ')} |`)
  }
  const written = readFileSync(document, 'utf8')
  const [head = '', tail = ''] = written.split(/^\|---\|---\|---\|---\|---\|---\|\n(?:\|.*\n)*/m)
  const expected = `${head}|---|---|---|---|---|---|\n${rows.join('\n')}\n${tail}`
  if (process.env['UPDATE_AUTHORIZATION']) writeFileSync(document, expected)
  t.equal(readFileSync(document, 'utf8'), expected)
})
