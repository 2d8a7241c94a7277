// Every route asked by API keys of each scope: the second table of docs/authorization.md.
// `UPDATE_AUTHORIZATION=1 npm test -- test/api-keys/matrix.test.ts` writes the table anew: read the difference.
import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { newId } from '../../src/database/ids.js'
import { scopes } from '../../src/sessions/api-keys.js'
import { type Answer, startApp, type TestApp } from '../support/app.js'
import { operations } from '../support/document.js'
import { projectUrl } from '../support/project.js'
import { bodies, byPath, newEmail, settings, urlOf } from '../users/asked.js'
import { insertUser } from '../users/people.js'
import { routesOf } from '../users/routes.js'
import { backEnd, type KeyHolder } from './keys.js'

const document = new URL('docs/authorization.md', projectUrl)
const head = '|---|---|---|---|---|---|---|\n'

async function addUser(service: TestApp, role: 'USER' | 'ADMIN'): Promise<string> {
  const { id } = await insertUser(service, newId(), 'Asha', { email: newEmail(), role })
  return id
}

const cell = ({ status, body }: Answer) => [status, body?.code].filter((part) => part !== undefined).join(' ')
const payloadOf = (route: string) => bodies[route]?.() ?? (/^(GET|DELETE) /.test(route) ? undefined : {})

function ask({ ask }: KeyHolder, route: string, id: string): Promise<Answer> {
  const [method, path = ''] = route.split(' ')
  return ask(method as 'GET', urlOf(path, id), payloadOf(route))
}

function askAsNobody(service: TestApp, route: string, id: string): Promise<Answer> {
  const [method, path = ''] = route.split(' ')
  const payload = payloadOf(route)
  return service.ask({ method: method as 'GET', url: urlOf(path, id), ...(payload && { payload }) })
}

/** The scopes that the OpenAPI document names for a route. */
function documentedScopes(route: string): unknown {
  const documented = operations.find(({ method, path }) => `${method} ${path.replace('{id}', ':id')}` === route)
  return /API keys: scope `(\S+)`\.$/.exec(String(Object(documented?.operation).description))?.slice(1)
}

/** What a key hears of an admin, which is what it hears of nobody. */
async function askAboutAdmin(t: Test, service: TestApp, route: string, key: KeyHolder): Promise<Answer> {
  const ofAdmin = await ask(key, route, await addUser(service, 'ADMIN'))
  const ofNobody = await ask(key, route, newId())
  t.equal(ofAdmin.text, ofNobody.text, `${route}: an admin is as nobody`)
  return ofAdmin
}

t.test('the table of API keys in docs/authorization.md is what the service does', async (t) => {
  const service = await startApp(t, { settings })
  // One after the other: five new connections at once have to wait for each other where the machine is busy.
  const byScope: KeyHolder[] = []
  for (const scope of scopes) byScope.push(await backEnd(service, scope))
  const ofAll = await backEnd(service)
  const rows: string[] = []
  const isAsked = (route: string) => !/^(HEAD|OPTIONS|TRACE) | \/docs/.test(route)
  for (const route of [...new Set(routesOf(service.app))].filter(isAsked).sort(byPath)) {
    const asNobody = await askAsNobody(service, route, newId())
    if (asNobody.status === 405) continue
    const isOfUser = route.includes(' /users/:id')
    const answers: Answer[] = []
    for (const key of byScope) answers.push(await ask(key, route, await addUser(service, 'USER')))
    if (answers.every(({ status }) => status === asNobody.status)) continue
    const scope = scopes.filter((_scope, index) => answers[index]?.status !== 403)
    t.same(documentedScopes(route), scope, `${route} is of one scope, and says which`)
    t.equal(scope.length, 1)
    const ofAdmin = isOfUser ? await askAboutAdmin(t, service, route, ofAll) : null
    rows.push(`| \`${route}\` | ${[...answers.map(cell), ofAdmin === null ? '' : cell(ofAdmin)].join(' | ')} |`)
  }
  const written = readFileSync(document, 'utf8')
  const [before = ''] = written.split(head)
  const expected = `${before}${head}${rows.join('\n')}\n`
  if (process.env['UPDATE_AUTHORIZATION']) writeFileSync(document, expected)
  t.equal(readFileSync(document, 'utf8'), expected)
})
