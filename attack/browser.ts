// W. Browsers: what another site's page can make a visitor's browser do, and what it may read.
import { reading } from './browser-reading.js'
import { type Attack, bothFlows, type Group, named } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { asBoth } from './support/session.js'

const unsafeRoutes = [
  ['POST', '/api/auth/send-otp'],
  ['POST', '/api/auth/verify-otp'],
  ['POST', '/api/auth/signup'],
  ['POST', '/api/auth/logout'],
  ['POST', '/api/auth/refresh'],
  ['POST', '/auth/request-otp'],
  ['POST', '/auth/verify-otp'],
] as const

/** What says that a request comes from a page of somebody else. */
const foreign: Record<string, string>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  { 'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1.evil.example' },
]

const forms: Attack = {
  id: 'W1',
  tried: 'a form of another site: text/plain, urlencoded, multipart, no type, to each route',
  async run({ service, allOf }) {
    const json = '{"mobile_number":"9876500002","email":"asha@example.com"}'
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', '']
    const answers: Answer[] = []
    for (const [method, path] of unsafeRoutes)
      for (const type of types)
        answers.push(
          await service.ask(method, path, { raw: json, headers: type === '' ? {} : { 'content-type': type } }),
        )
    allOf('answers', answers, [415, '403 cross_site', '401 unauthorized'])
  },
}

const forgedCalls: Attack = {
  id: 'W2',
  tried: "logout (no body) and refresh with the visitor's cookie, from another site",
  flows: bothFlows,
  needs: { words: ['cross_site'] },
  async run({ service, flow, allOf, equal }) {
    const { token } = await signIn(service, flow, flow.newPerson())
    const answers: Answer[] = []
    for (const path of ['/api/auth/logout', '/api/auth/refresh'])
      for (const site of foreign)
        answers.push(await service.ask('POST', path, { headers: { ...site, cookie: `jwt=${token}` } }))
    allOf('answers', answers, ['403 cross_site'])
    equal('cookies set', answers.filter(({ headers }) => headers['set-cookie']).length, 0)
    equal('the session', (await asBoth(service, token)).map(named), ['200', '200'])
    const bearer = { ...foreign[3], authorization: `Bearer ${token}` }
    equal('by Bearer alone', (await service.ask('POST', '/api/auth/refresh', { headers: bearer })).status, 200)
    const own = { cookie: `jwt=${token}`, origin: service.base, 'sec-fetch-site': 'same-origin' }
    equal('from our own page', (await service.ask('POST', '/api/auth/logout', { headers: own })).status, 200)
  },
}

const signInForgery: Attack = {
  id: 'W3',
  tried: "another site signs its visitor in to the attacker's account",
  flows: bothFlows,
  needs: { words: ['cross_site'] },
  async run({ service, flow, allOf, equal }) {
    const person = flow.newPerson()
    await signIn(service, flow, person)
    const code = await flow.sendForCode(person)
    const answers: Answer[] = []
    for (const headers of foreign) answers.push(await flow.verify(person, code, { headers }))
    allOf('answers', answers, ['403 cross_site'])
    equal('cookies set', answers.filter(({ headers }) => headers['set-cookie']).length, 0)
    equal('a native client', (await flow.verify(person, code)).status, 200)
  },
}

const logoutForms: Attack = {
  id: 'W5',
  tried: 'logout with a JSON type and no body, without a session, with an expired token',
  async run({ service, equal }) {
    const headers = [
      {},
      { 'content-type': 'application/json' },
      { 'content-type': 'application/json', cookie: 'jwt=nonsense' },
      { authorization: 'Bearer nonsense' },
    ]
    const answers = await atOnce(4, (index) =>
      service.ask('POST', '/api/auth/logout', { headers: { ...headers[index] } }),
    )
    equal(
      'answers',
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    )
  },
}

const caches: Attack = {
  id: 'W6',
  tried: 'every answer of both flows says no-store, errors too',
  flows: bothFlows,
  async run({ service, flow, equal }) {
    const person = flow.newPerson()
    const { answer, token } = await signIn(service, createFlow(flow.name, service), person)
    const answers = [answer, await flow.send(person), await flow.verify(person, '000000'), await flow.verify(person, 1)]
    answers.push(...(await asBoth(service, token)), await service.ask('GET', '/nothing'))
    equal('cache-control', [...new Set(answers.map(({ headers }) => headers['cache-control']))], ['no-store'])
  },
}

export const browser: Group = {
  letter: 'W',
  title: 'Browsers',
  attacks: [forms, forgedCalls, signInForgery, ...reading, logoutForms, caches],
}
