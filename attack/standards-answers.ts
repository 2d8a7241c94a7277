// T. What the standards ask of answers: the cookie, the token's claims, the headers, the one error shape.

import { type Attack, bothFlows, named } from './support/context.js'
import type { Service } from './support/fixtures.js'
import { createFlow, signIn, signUp } from './support/flows.js'
import { partsOf } from './support/forge.js'
import type { Answer } from './support/http.js'

const cookie: Attack = {
  id: 'T4',
  tried: 'the session cookie: its attributes, its life, the same when it is cleared',
  flows: bothFlows,
  async run({ service, flow, equal }) {
    const { answer, token } = await signIn(service, flow, flow.newPerson())
    const lineOf = ({ headers }: Answer) => headers['set-cookie']?.find((line) => line.startsWith('jwt=')) ?? ''
    const attributes = (line: string) =>
      line
        .split('; ')
        .slice(1)
        .filter((part) => !/^(max-age|expires)=/i.test(part))
    const line = lineOf(answer)
    equal('attributes', attributes(line).sort(), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
    equal('life', /Max-Age=(\d+)/i.exec(line)?.[1], '604800')
    equal('under 4096 bytes', line.length < 4_096, true)
    const headers = { authorization: `Bearer ${token}` }
    const cleared = lineOf(await service.ask('POST', '/api/auth/logout', { headers }))
    equal('cleared alike', attributes(cleared).sort(), attributes(line).sort())
  },
}

const claims: Attack = {
  id: 'T5',
  tried: 'what a token tells: names of rows, nothing of the person; another one each time',
  flows: bothFlows,
  async run({ service, flow, equal }) {
    const person = flow.newPerson()
    const tokens = [await signIn(service, flow, person), await signIn(service, flow, person)].map(({ token }) => token)
    const [first, second] = tokens.map((token) => partsOf(token))
    equal('claims', Object.keys(first?.claims ?? {}).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
    equal('algorithm', first?.header['alg'], 'ES256')
    equal('sessions differ', first?.claims['sid'] !== second?.claims['sid'], true)
    equal('ids differ', first?.claims['jti'] !== second?.claims['jti'], true)
  },
}

const wanted: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'/,
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /^no-referrer$/,
  'strict-transport-security': /^max-age=\d{7,}/,
  'x-request-id': /^[0-9a-f-]{36}$/,
}

const headersOfAll: Attack = {
  id: 'T6',
  tried: 'the protective headers and the error shape on 200 and on every kind of error, 500 and 502 too',
  async run({ service, flow, equal, fixtures }) {
    const person = flow.newPerson()
    const broken = await fixtures.ownService()
    const other = createFlow('email', broken)
    broken.gateway.behaviour.status = 400
    const { ask } = service
    const big = { raw: ' '.repeat(20_000), headers: { 'content-type': 'application/json' } }
    const answers = [
      await flow.send(person),
      await flow.send(person),
      await flow.verify(person, 'nonsense'),
      await flow.verify(person, '000000'),
      await ask('GET', '/api/auth/me'),
      await ask('POST', '/api/auth/signup', { json: {} }),
      await ask('GET', '/nothing'),
      await ask('GET', '/api/auth/send-otp'),
      await ask('POST', '/api/auth/send-otp', big),
      await ask('POST', '/api/auth/send-otp', { raw: 'a', headers: { 'content-type': 'text/plain' } }),
      await signUp(service, person, undefined),
      await ask('GET', '/nothing', { headers: { expect: 'miracles' } }),
      await other.send(other.newPerson()),
      await withoutTable(broken, 'otps', () => other.send(other.newPerson())),
    ]
    equal(
      'statuses',
      answers.map(({ status }) => status),
      [200, 429, 400, 401, 401, 400, 404, 405, 413, 415, 403, 417, 502, 500],
    )
    const missing = answers.flatMap((answer) =>
      Object.entries(wanted).flatMap(([name, value]) =>
        value.test(String(answer.headers[name])) ? [] : [`${answer.status} ${name}`],
      ),
    )
    equal('headers missing', missing, [])
    const errors = answers.filter(({ status }) => status >= 400)
    equal('not in the common shape', errors.filter((answer) => !isProblem(answer)).map(named), [])
    const challenges = errors.filter(({ status }) => status === 401).map(({ headers }) => headers['www-authenticate'])
    equal('challenges', [...new Set(challenges)], ['Bearer realm="latchkey"'])
    const withoutCharset = answers.filter(({ headers }) => !/charset=utf-8$/.test(String(headers['content-type'])))
    equal('content type without a charset', withoutCharset.length, 0)
    equal(
      'server header',
      answers.some(({ headers }) => headers['server'] || headers['x-powered-by']),
      false,
    )
  },
}

/** What comes back while a table is not where the service looks for it. */
async function withoutTable({ grey }: Service, table: string, work: () => Promise<Answer>): Promise<Answer> {
  await grey.query(`ALTER TABLE ${table} RENAME TO elsewhere`)
  const answer = await work()
  await grey.query(`ALTER TABLE elsewhere RENAME TO ${table}`)
  return answer
}

function isProblem({ status, headers, body }: Answer): boolean {
  const members = ['type', 'title', 'status', 'detail', 'code', 'success', 'errors']
  return (
    String(headers['content-type']).startsWith('application/problem+json') &&
    members.every((name) => name in body) &&
    body['status'] === status
  )
}

const production: Attack = {
  id: 'T8',
  tried: 'NODE_ENV unset: no code in the answer',
  flows: bothFlows,
  async run({ flow, equal }) {
    const sent = await flow.send(flow.newPerson())
    equal(
      'members',
      Object.keys(sent.body).filter((name) => name === 'otp'),
      [],
    )
  },
}

export const answers: readonly Attack[] = [cookie, claims, headersOfAll, production]
