// T. What the standards ask that no other group has: codes, lives, cookies, claims, headers, refusals at start.
import { answers } from './standards-answers.js'
import { type Attack, bothFlows, type Group } from './support/context.js'
import { atOnce, inTurns } from './support/http.js'
import { expireCode } from './support/otp-rows.js'
import { pepper, productionSettings, refusalOf } from './support/process.js'

const codes: Attack = {
  id: 'T1',
  tried: '2,000 codes: six digits each, leading zeros, every digit as often as the others',
  flows: ['email'],
  async run({ service, flow, equal, note, expect }) {
    await inTurns(2_000, 24, () => flow.send(flow.newPerson()))
    const all = service.gateway.messages.map(({ code }) => code)
    equal('six digits', all.filter((code) => /^[0-9]{6}$/.test(code)).length, 2_000)
    const leading = all.filter((code) => code.startsWith('0')).length
    note(`${leading} with a leading zero`)
    expect(leading > 100 && leading < 300, 'not as many leading zeros as chance gives')
    const counts = Array.from({ length: 10 }, (_, digit) => all.join('').split(String(digit)).length - 1)
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1_200) ** 2 / 1_200, 0)
    // 9 degrees of freedom: 33.72 is passed by chance once in 10,000 runs.
    equal('even digits', chiSquare < 33.72, true)
  },
}

const clock: Attack = {
  id: 'T2',
  tried: 'the right code after it ran out by the clock of the database',
  flows: bothFlows,
  async run({ service, flow, allOf }) {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    await expireCode(service.grey, person.identifier)
    allOf('answer', [await flow.verify(person, code)], ['401 otp_invalid'])
  },
}

const unsafe: Record<string, string> = {
  OTP_TTL: '601',
  OTP_LENGTH: '5',
  OTP_MAX_ATTEMPTS: '11',
  SESSION_TTL: '31d',
  OTP_ECHO: 'true',
  SMS_DRIVERS: 'console',
  OTP_PEPPER: 'short',
  JWT_PRIVATE_KEY: 'no key',
  SENDER_WEBHOOK_URL: 'http://gateway.example/',
  RATE_LIMITS: 'off',
  CORS_ORIGINS: '*',
  OTP_PEPPER_PREVIOUS: pepper,
}

const refusals: Attack = {
  id: 'T3',
  tried: 'a start in production with each unsafe setting',
  async run({ service, fixtures, equal, note }) {
    const base = productionSettings(service.grey.url, service.gateway.url)
    const isKnown = (name: string) =>
      fixtures.build.settings.has(name) || !['RATE_LIMITS', 'CORS_ORIGINS'].includes(name)
    const names = Object.keys(unsafe).filter(isKnown)
    const missed: string[] = []
    await inTurns(names.length, 3, async (index) => {
      const name = names[index] ?? ''
      const value = String(unsafe[name])
      const refusal = await refusalOf({ ...base, [name]: value })
      const isNamed = refusal?.code === 1 && new RegExp(`^${name} `, 'm').test(refusal.output)
      if (!isNamed || (value.length > 10 && refusal.output.includes(value))) missed.push(name)
    })
    note(`${names.length} settings`)
    equal('not refused', missed, [])
  },
}

const channels: Attack = {
  id: 'T7',
  tried: 'email where CHANNELS=sms',
  settings: { CHANNELS: 'sms', EMAIL_DRIVERS: '' },
  async run({ service, allOf, equal }) {
    const json = { email: 'asha@example.com' }
    const refused = await atOnce(2, (index) =>
      service.ask('POST', index ? '/auth/verify-otp' : '/auth/request-otp', {
        json: index ? { ...json, otp: '123456' } : json,
      }),
    )
    allOf('answers', refused, [400, 404])
    equal('rows', (await service.grey.query('SELECT 1 FROM otps')).length, 0)
  },
}

const docsPage: Attack = {
  id: 'T9',
  tried: 'the page that shows the API, in production without asking for it',
  async run({ service, allOf }) {
    const paths = ['/docs', '/docs/', '/docs/json', '/docs/static/swagger-ui-bundle.js', '/docs/static/index.html']
    allOf('answers', await Promise.all(paths.map((path) => service.ask('GET', path))), ['404 not_found'])
  },
}

export const standards: Group = {
  letter: 'T',
  title: 'Standards',
  attacks: [codes, clock, refusals, docsPage, channels, ...answers],
}
