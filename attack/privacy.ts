// P. Privacy: what was printed, answered and stored during the whole run, searched for all that must not be there.
import { createHash } from 'node:crypto'
import { type Attack, bothFlows, type Group } from './support/context.js'
import { errorBodiesSoFar, leaksIn, printedSoFar, secretsOf, urlsSoFar } from './support/evidence.js'
import type { Service } from './support/fixtures.js'
import { createFlow, signIn, wrongCode } from './support/flows.js'

const leakList = (leaks: string[]) => (leaks.length > 5 ? [...leaks.slice(0, 5), `… ${leaks.length} in all`] : leaks)

const everydayUse: Attack = {
  id: 'P0',
  tried: 'everyday use with LOG_LEVEL=trace, failures of gateway and database included',
  flows: bothFlows,
  async run({ fixtures, flow: { name }, equal, allOf }) {
    const service = await fixtures.ownService()
    const flow = createFlow(name, service)
    const person = flow.newPerson()
    const { token } = await signIn(service, flow, person)
    await flow.verify(person, wrongCode(await flow.sendForCode(person)))
    service.gateway.behaviour.status = 400
    await flow.send(flow.newPerson())
    service.gateway.behaviour.status = 500
    await flow.send(flow.newPerson())
    service.gateway.behaviour.status = 204
    // Whatever the statements meet now is an error of the database that quotes their parameters.
    await service.grey.query('ALTER TABLE otps RENAME TO elsewhere')
    const answers = [await flow.send(flow.newPerson()), await flow.verify(person, '123456')]
    await service.grey.query('ALTER TABLE elsewhere RENAME TO otps')
    allOf('with the table gone', answers, ['500 internal_error', '503 service_unavailable'])
    await service.ask('POST', '/api/auth/logout', { headers: { cookie: `jwt=${token}` } })
    equal('the log is on', service.running.output().includes('"msg":"request"'), true)
  },
}

const printed: Attack = {
  id: 'P1',
  tried: 'all that the services printed: codes, tokens, tickets, peppers, phones, emails',
  async run({ note, equal }) {
    const text = printedSoFar()
    const kinds = ['code', 'token', 'ticket', 'device', 'identifier', 'setting'] as const
    note(
      `${Math.round(text.length / 1024)} kB; ${kinds.map((kind) => `${secretsOf(kind).length} ${kind}s`).join(', ')}`,
    )
    equal('found', leakList(leaksIn(text)), [])
  },
}

const answered: Attack = {
  id: 'P1b',
  tried: 'all error bodies, for the same',
  async run({ note, equal }) {
    const text = errorBodiesSoFar()
    note(`${Math.round(text.length / 1024)} kB`)
    equal('found', leakList(leaksIn(text)), [])
  },
}

const logLines: Attack = {
  id: 'P2',
  tried:
    'line breaks and terminal codes in headers, also those that are logged, and paths: one JSON object a line, no raw bytes',
  async run({ service, equal, note }) {
    const evil = '\u001b[31mred {"level":60}'
    const headers = { 'user-agent': evil.replace('\u001b', '\u009b'), 'x-request-id': 'chosen-by-me', referer: 'a"}' }
    await service.ask('GET', '/nothing%0a%1b[31m?x=%0d%0a', { headers })
    await service.ask('POST', '/auth/request-otp', { json: { email: `${evil}\r\n` }, headers })
    const byPage = { cookie: 'jwt=x', origin: 'https://\u009b31m.example', 'sec-fetch-site': '\u0085\u009d' }
    await service.ask('POST', '/auth/request-otp', { json: {}, headers: byPage })
    const lines = printedSoFar()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    const broken = lines.filter((line) => {
      try {
        return typeof JSON.parse(line) !== 'object'
      } catch {
        return true
      }
    })
    note(`${lines.length} lines`)
    equal('broken', broken.length, 0)
    const obeyed = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
    equal('raw terminal codes', lines.filter((line) => obeyed.test(line)).length, 0)
    equal('request ids of mine', service.running.output().includes('chosen-by-me'), false)
  },
}

const inUrls: Attack = {
  id: 'P3',
  tried: 'the paths of all calls: no phone, address, code or token is asked for in one',
  async run({ equal, fixtures }) {
    equal('found', leakList(leaksIn(urlsSoFar())), [])
    const inPath = fixtures.build.document.match(/\{(phone|email|mobile|otp|token|identifier)\w*\}/g) ?? []
    equal('path parameters', inPath, [])
  },
}

const insides: Attack = {
  id: 'P4',
  tried: 'all error bodies: SQL, paths, stacks, names of libraries',
  async run({ equal }) {
    const text = errorBodiesSoFar()
    const words =
      /\b(select\b|insert\b|update\b|prisma|postgres|pg_|node_modules|dist\/|\.js:\d+|at \w+ \(|ECONN|relation "|stack)/gi
    equal('found', [...new Set(text.match(words) ?? [])], [])
    equal('one of 5xx among them', /internal_error|service_unavailable/.test(text), true)
  },
}

/** All rows of all tables, as text. */
async function dump({ grey }: Service): Promise<string> {
  const tables = await grey.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'`,
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const rows = await grey.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} t`)
    texts.push(...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}

const digestsOf = (text: string) =>
  ['md5', 'sha1', 'sha224', 'sha256', 'sha512'].flatMap((name) => {
    const digest = createHash(name).update(text).digest()
    return [digest.toString('hex'), digest.toString('base64'), digest.toString('base64url')]
  })

const stored: Attack = {
  id: 'P5',
  tried: 'a dump of the database: live codes, bare hashes of them, tokens, tickets',
  flows: bothFlows,
  async run({ fixtures, flow: { name }, equal, note }) {
    const service = await fixtures.ownService()
    const flow = createFlow(name, service)
    const [live, newcomer] = [flow.newPerson(), flow.newPerson()]
    const code = await flow.sendForCode(live)
    const ticket = String((await flow.verify(newcomer, await flow.sendForCode(newcomer))).body['signup_token'])
    const { token, deviceToken = 'none' } = await signIn(service, flow, flow.newPerson())
    const text = await dump(service)
    const bare = [code, `${live.identifier}${code}`, `${live.identifier}:${code}`, `${code}${live.identifier}`]
    const forbidden = [...bare.flatMap(digestsOf), ticket, token, ...(deviceToken === 'none' ? [] : [deviceToken])]
    note(`${text.split('\n').length} rows`)
    equal('the person is in it', text.includes(live.identifier), true)
    equal(
      'found',
      forbidden.filter((value) => text.includes(value)),
      [],
    )
    equal('the code', new RegExp(`(?<![0-9A-Za-z.+-])${code}(?![0-9A-Za-z-])`).test(text), false)
  },
}

export const privacy: Group = {
  letter: 'P',
  title: 'Privacy',
  attacks: [everydayUse, printed, answered, logLines, inUrls, insides, stored],
}
