// J. Tokens: forged, altered, stale, of somebody else; each as a Bearer and as a cookie.

import { type Attack, type Group, named } from './support/context.js'
import { signIn } from './support/flows.js'
import { type Answer, askRaw } from './support/http.js'
import { me } from './support/session.js'
import { forged } from './tokens-forged.js'
import { retiredKey, tokenLife } from './tokens-life.js'

const huge: Attack = {
  id: 'J11',
  tried: 'a token of 10 MB, of 20 kB, as a Bearer and as a cookie',
  async run({ service, note, expect }) {
    for (const [size, header] of [
      [10_000_000, 'authorization: Bearer '],
      [20_000, 'authorization: Bearer '],
      [20_000, 'cookie: jwt='],
    ] as const) {
      const bytes = `GET /api/auth/me HTTP/1.1\r\nhost: a\r\n${header}${'a'.repeat(size)}\r\n\r\n`
      const answer = await askRaw(service.base, bytes)
      note(`${size}: ${answer.slice(9, 12) || 'closed'}`)
      // Where we are still writing when the answer comes, it may be lost with the connection.
      expect(
        /^HTTP\/1\.1 431/.test(answer) || (size > 100_000 && answer === ''),
        `${size} bytes: ${answer.slice(0, 80)}`,
      )
    }
  },
}

const both: Attack = {
  id: 'J13',
  tried: "one person's Bearer with another's cookie; a bad Bearer with a good cookie",
  flows: ['phone'],
  async run({ service, flow, equal }) {
    const [one, other] = [await signIn(service, flow, flow.newPerson()), await signIn(service, flow, flow.newPerson())]
    const answer = await me(service, { authorization: `Bearer ${one.token}`, cookie: `jwt=${other.token}` })
    equal('the Bearer wins', Object(answer.body['data']).id, one.userId)
    const bad = await me(service, { authorization: 'Bearer nonsense', cookie: `jwt=${other.token}` })
    equal('bad Bearer, good cookie', named(bad), '401 unauthorized')
  },
}

const duplicates: Attack = {
  id: 'J14',
  tried: 'two cookies jwt in one header, in two; broken cookie headers',
  flows: ['phone'],
  async run({ service, flow, allOf }) {
    const { token } = await signIn(service, flow, flow.newPerson())
    const cookies = [
      `jwt=${token}; jwt=nonsense`,
      `jwt=nonsense; jwt=${token}`,
      'jwt',
      'jwt=',
      ';;;=;',
      'jwt=%E0%A4%A',
      '__proto__=1; constructor=2',
    ]
    const answers: Answer[] = []
    for (const cookie of [...cookies, [`jwt=${token}`, 'jwt=nonsense']]) answers.push(await me(service, { cookie }))
    allOf('answers', answers, [200, '400 validation_failed', '401 unauthorized'])
  },
}

const tossed: Attack = {
  id: 'J16',
  tried:
    "a stranger's good cookie beside the owner's, before and after it; a page elsewhere with both; logout with both",
  flows: ['phone'],
  async run({ service, flow, allOf, equal }) {
    const [owner, thief] = [
      await signIn(service, flow, flow.newPerson()),
      await signIn(service, flow, flow.newPerson()),
    ]
    const both = [`jwt=${owner.token}; jwt=${thief.token}`, `jwt=${thief.token}; jwt=${owner.token}`]
    allOf('as whom', await Promise.all(both.map((cookie) => me(service, { cookie }))), ['401 unauthorized'])
    const junk = await me(service, { cookie: `jwt=x; jwt=${owner.token}` })
    equal('junk in front', Object(junk.body['data']).id, owner.userId)
    const leave = (cookie: string, more = {}) =>
      service.ask('POST', '/api/auth/logout', { headers: { cookie, ...more } })
    const elsewhere = { origin: 'https://evil.example' }
    allOf('elsewhere', await Promise.all(both.map((cookie) => leave(cookie, elsewhere))), ['403 cross_site'])
    equal('logout', (await leave(String(both[1]))).status, 200)
    for (const { token } of [owner, thief])
      allOf('after', [await me(service, { cookie: `jwt=${token}` })], ['401 unauthorized'])
  },
}

export const tokens: Group = {
  letter: 'J',
  title: 'Tokens',
  attacks: [...forged, ...tokenLife, retiredKey, huge, both, duplicates, tossed],
}
