// W. What a page of another site may read of our answers.

import type { Attack } from './support/context.js'
import type { Service } from './support/fixtures.js'
import { type Answer, atOnce } from './support/http.js'

const corsOf = ({ headers }: Answer) => headers['access-control-allow-origin']

async function corsAnswers({ ask }: Service, origin: string): Promise<Answer[]> {
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  return [
    await ask('GET', '/api/auth/me', { headers: { origin } }),
    await ask('OPTIONS', '/auth/verify-otp', { headers: preflight }),
    await ask('GET', '/nothing', { headers: { origin } }),
    await ask('POST', '/auth/request-otp', { raw: '{', headers: { origin, 'content-type': 'application/json' } }),
  ]
}

const foreignReading: Attack = {
  id: 'W4',
  tried: 'reading answers from another site, from null, with no origin allowed',
  async run({ service, equal }) {
    const answers = await atOnce(2, (index) => corsAnswers(service, ['https://evil.example', 'null'][index] ?? ''))
    equal('allowed origins', answers.flat().map(corsOf).filter(Boolean), [])
  },
}

const allowedReading: Attack = {
  id: 'W4b',
  tried: 'CORS_ORIGINS: the listed site may, its look-alikes may not',
  settings: { CORS_ORIGINS: 'https://app.example.org' },
  needs: { settings: ['CORS_ORIGINS'] },
  async run({ service, equal }) {
    const listed = await corsAnswers(service, 'https://app.example.org')
    equal('listed', [...new Set(listed.map(corsOf))], ['https://app.example.org'])
    equal(
      'vary',
      listed.every(({ headers }) => /\borigin\b/i.test(String(headers.vary))),
      true,
    )
    const others = [
      ...['https://app.example.org.evil.example', 'http://app.example.org', 'https://app.example.org:8443'],
      ...['https://evil-app.example.org', 'null', 'https://APP.example.org.', '*'],
    ]
    const answers = await atOnce(others.length, (index) => corsAnswers(service, String(others[index])))
    equal('look-alikes', answers.flat().map(corsOf).filter(Boolean), [])
  },
}

const ofApps: Attack = {
  id: 'W7',
  tried: 'CORS_ORIGINS with an app’s web view: it may call with cookies, its look-alikes, null and other sites may not',
  settings: { CORS_ORIGINS: 'capacitor://localhost' },
  needs: { settings: ['CORS_ORIGINS'] },
  async run({ service, allOf, equal }) {
    const leave = (origin: string) =>
      service.ask('POST', '/api/auth/logout', { headers: { origin, 'sec-fetch-site': 'cross-site' } })
    allOf('the app', [await leave('capacitor://localhost')], [200])
    const others = [
      'capacitor://localhost:80',
      'capacitor://localhost.evil.example',
      'ionic://localhost',
      'null',
      'http://localhost',
    ]
    const answers = await atOnce(others.length, (index) => leave(String(others[index])))
    allOf('others', answers, ['403 cross_site'])
    equal('readable', answers.map(corsOf).filter(Boolean), [])
  },
}

export const reading: readonly Attack[] = [foreignReading, allowedReading, ofApps]
