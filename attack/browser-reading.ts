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

export const reading: readonly Attack[] = [foreignReading, allowedReading]
