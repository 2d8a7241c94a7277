// B. Hostile bodies: what is not exactly what was asked for is refused, and never a 500.
import { connections } from './bodies-connections.js'
import { protocol } from './bodies-protocol.js'
import { type Attack, type Group, onEachFlow } from './support/context.js'
import { signUp } from './support/flows.js'
import type { Answer } from './support/http.js'

type Fields = Record<string, unknown>

/** Bodies made out of a good one, sent to both calls of the flow: all refused, nothing sent. */
function hostile(
  id: string,
  tried: string,
  allowed: (number | string)[],
  make: (good: Fields) => (string | Buffer)[],
): Attack {
  return onEachFlow(id, tried, async ({ service, flow, allOf, equal }) => {
    const person = flow.newPerson()
    const answers: Answer[] = []
    const headers = { 'content-type': 'application/json' }
    for (const raw of make(person.fields)) answers.push(await service.ask('POST', flow.sendPath, { raw, headers }))
    for (const raw of make({ ...person.fields, otp: '123456' }))
      answers.push(await service.ask('POST', flow.verifyPath, { raw, headers }))
    allOf('answers', answers, allowed)
    equal('messages', service.gateway.to(person.identifier).length, 0)
  })
}

const refused = ['400 validation_failed']
const json = JSON.stringify
const last = (good: Fields) => String(Object.keys(good).at(-1))
/** the good body with another value in each field in turn */
const withValues = (good: Fields, values: readonly unknown[]) =>
  Object.keys(good).flatMap((name) => values.map((value) => json({ ...good, [name]: value })))
const bytesInside = (good: Fields, bytes: number[]) => {
  const [start = '', end = ''] = json({ ...good, [last(good)]: '@@' }).split('@@')
  return Buffer.concat([Buffer.from(start), Buffer.from(bytes), Buffer.from(end)])
}
const escaped = (good: Fields, text: string) => json({ ...good, [last(good)]: 'a@@b' }).replace('@@', text)

const sql = ["' OR '1'='1", "'; DROP TABLE users; --", "1' AND pg_sleep(5)--", '{"not":"x"}', '$1', '\\', '%', '_']

const injectionIntoForm: Attack = {
  id: 'B13b',
  tried: 'SQL and markup in every text of the signup form, stored as they are',
  flows: ['mobile'],
  async run({ service, flow, equal }) {
    const person = flow.newPerson()
    const verified = await flow.verify(person, await flow.sendForCode(person))
    const text = `Robert'); DROP TABLE users; -- <script>"\\ $1 {{7*7}}`
    const more = { user_name: text, house_number: text, street_locality: text, city: text, state: text }
    const answer = await signUp(service, person, verified.body['signup_token'], more)
    equal('answer', answer.status, 201)
    const { user_name } = Object(answer.body['user'])
    const { city } = Object(answer.body['address'])
    equal('kept as typed', [user_name === text, city === text], [true, true])
    equal('tables', (await service.grey.query('SELECT count(*)::int AS n FROM users'))[0]?.['n'] !== undefined, true)
  },
}

export const bodies: Group = {
  letter: 'B',
  title: 'Hostile bodies',
  attacks: [
    hostile('B1', 'an extra field', refused, (good) => [json({ ...good, role: 'ADMIN' }), json({ ...good, id: 1 })]),
    hostile('B2', 'a number, a list, null, an object, true for each text; no object at all', refused, (good) => [
      ...withValues(good, [9876543210, ['a'], null, {}, true, '']),
      ...['[]', 'null', '1', '"a"', '', '{}'],
    ]),
    hostile('B3', '__proto__ and constructor.prototype', refused, (good) => [
      `{"__proto__":{"otp":"1"},${json(good).slice(1)}`,
      `{"constructor":{"prototype":{"a":1}},${json(good).slice(1)}`,
      `{"\\u005f_proto__":{"a":1},${json(good).slice(1)}`,
    ]),
    hostile('B4', 'bytes that are no UTF-8; a byte order mark', refused, (good) => [
      bytesInside(good, [0xff]),
      bytesInside(good, [0xed, 0xa0, 0x80]),
      bytesInside(good, [0xc0, 0x80]),
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(json(good))]),
      Buffer.from(json(good), 'utf16le'),
    ]),
    hostile('B5', 'NUL in a text and in a name', refused, (good) => [
      escaped(good, '\\u0000'),
      `{"a\\u0000b":1,${json(good).slice(1)}`,
    ]),
    hostile('B6', 'a lone surrogate', refused, (good) => [escaped(good, '\\ud800'), escaped(good, '\\udc00')]),
    hostile('B8', '17 KiB, 2 MiB, JSON 100,000 deep', ['413 payload_too_large', ...refused], (good) => [
      json({ ...good, [last(good)]: 'a'.repeat(17 * 1024) }),
      json({ ...good, [last(good)]: 'a'.repeat(2 * 1024 * 1024) }),
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`,
    ]),
    hostile('B13', 'SQL, operators of the ORM in every field', [...refused, '401 otp_invalid'], (good) => [
      ...withValues(good, sql),
      ...withValues(good, [{ not: 'x' }, { contains: '' }, { $ne: null }, [{ equals: 'a' }]]),
    ]),
    injectionIntoForm,
    ...protocol,
    ...connections,
  ],
}
