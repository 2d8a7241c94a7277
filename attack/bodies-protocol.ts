// B. Hostile requests: paths, headers, lengths and content types that parsers disagree about.
import { types } from './bodies-types.js'
import { type Attack, bothFlows, onEachFlow } from './support/context.js'
import { type Answer, askRaw } from './support/http.js'

const isProblem = (text: string) => /content-type: application\/problem\+json/i.test(text) && text.includes('"code":"')

const withoutHost: Attack = {
  id: 'B10b',
  tried: 'HTTP/1.1 without a Host header: the same error shape',
  async run({ service, note, expect }) {
    const answer = await askRaw(service.base, 'GET /nothing HTTP/1.1\r\n\r\n', 400)
    note(answer.slice(9, 12))
    expect(/^HTTP\/1\.1 40[04]/.test(answer), answer.slice(0, 40))
    expect(isProblem(answer), 'not the common error shape: Node answers by itself, without headers of ours or a body')
  },
}

const inPaths: Attack = {
  id: 'B7',
  tried: '%00, a newline, a slash, 10,000 characters as a path parameter',
  async run({ service, allOf }) {
    const texts = ['%00', '%0a', '..%2f', '%2e%2e', 'a'.repeat(101), 'a'.repeat(10_000), '%E2%80%AE', "'%20OR%201=1"]
    const answers: Answer[] = []
    for (const text of texts)
      for (const path of ['/users/', '/docs/static/', '/auth/']) answers.push(await service.ask('GET', path + text))
    allOf('answers', answers, [301, 302, 400, 401, 403, 404, 405, 414])
  },
}

const escapeOf = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

const duplicateKeys: Attack = {
  id: 'B9',
  tried: 'a name twice in one object, as it is and by escapes: neither gets a code',
  flows: bothFlows,
  async run({ service, flow, allOf, equal }) {
    const [one, other] = [flow.newPerson(), flow.newPerson()]
    const second = JSON.stringify(other.fields).slice(1)
    const escaped = second.replaceAll(
      /"([a-z_P]+)":/g,
      (_all, name: string) => `"${[...name].map(escapeOf).join('')}":`,
    )
    const answers: Answer[] = []
    for (const rest of [second, escaped]) {
      const raw = `${JSON.stringify(one.fields).slice(0, -1)},${rest}`
      answers.push(await service.ask('POST', flow.sendPath, { raw, headers: { 'content-type': 'application/json' } }))
    }
    allOf('answers', answers, ['400 validation_failed'])
    for (const { identifier } of [one, other]) equal('codes', service.gateway.to(identifier).length, 0)
  },
}

const raw: Attack = {
  id: 'B10',
  tried: 'broken paths, a 20 kB header, two lengths, chunked with a length: the same error shape',
  async run({ service, note, expect }) {
    const host = 'host: a\r\n'
    const requests: [string, string, RegExp][] = [
      ['%ff path', `GET /%ff HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 40[04]/],
      ['%00 path', `GET /users/%00 HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 40[0134]/],
      ['..%2f path', `GET /docs/..%2f..%2fpackage.json HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 40[0134]/],
      ['long path', `GET /users/${'a'.repeat(10_000)} HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 4(00|01|03|04|14)/],
      ['big header', `GET /health/live HTTP/1.1\r\n${host}x-a: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
      [
        'chunked and length',
        `POST /auth/request-otp HTTP/1.1\r\n${host}content-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
        /^HTTP\/1\.1 400/,
      ],
      [
        'two lengths',
        `POST /auth/request-otp HTTP/1.1\r\n${host}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
        /^HTTP\/1\.1 400/,
      ],
      ['two hosts', `GET /health/live HTTP/1.1\r\n${host}host: evil.example\r\n\r\n`, /^HTTP\/1\.1 400/],
      ['bad line', 'GET /health/live HTTP/9.9\r\n\r\n', /^HTTP\/1\.1 400/],
      ['no HTTP', '\u0016\u0003\u0001 hello\r\n\r\n', /^HTTP\/1\.1 400/],
      ['header line break', `GET /nothing HTTP/1.1\r\n${host}x-a: b\nc\r\n\r\n`, /^HTTP\/1\.1 400/],
    ]
    for (const [name, bytes, wanted] of requests) {
      const answer = await askRaw(service.base, bytes, 400)
      note(`${name} ${answer.slice(9, 12)}`)
      expect(wanted.test(answer), `${name}: ${answer.slice(0, 40)}`)
      expect(isProblem(answer), `${name}: not the common error shape: ${answer.split('\r\n\r\n')[1]?.slice(0, 80)}`)
    }
    expect((await service.ask('GET', '/health/live')).status === 200, 'the service is gone')
  },
}

const longErrors = onEachFlow(
  'B18',
  '15 kB of unknown fields, of one name, of escapes: bytes of the answer',
  async ({ flow, service, equal }) => {
    const path = { mobile: '/api/auth/signup', phone: '/auth/request-otp', email: '/auth/verify-otp' }[flow.name]
    const named = (names: string[]) => JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])))
    const bodies = [
      named(Array.from({ length: 1_400 }, (_, index) => `f${index}`)),
      named(['x'.repeat(15_000)]),
      named(Array.from({ length: 20 }, (_, index) => '\u0001'.repeat(100) + index)),
      named(Array.from({ length: 100 }, (_, index) => '~/'.repeat(15) + index)),
    ]
    const headers = { 'content-type': 'application/json' }
    const sizes: number[] = []
    for (const body of bodies)
      sizes.push(Buffer.byteLength((await service.ask('POST', path, { raw: body, headers })).text))
    equal(
      'over 4 kB',
      sizes.filter((size) => size > 4_000),
      [],
    )
  },
)

export const protocol: readonly Attack[] = [inPaths, duplicateKeys, raw, withoutHost, longErrors, ...types]
