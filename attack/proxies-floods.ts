// L. The flood guard: every route and none, many addresses of one network.

import { type Attack, named, tally } from './support/context.js'
import { type Answer, inTurns } from './support/http.js'
import { twilio } from './support/receipts.js'

const flood: Attack = {
  id: 'L6',
  tried: '40 requests each to 404s, broken JSON, wrong methods, FLOOD_PER_MINUTE=20',
  needs: { settings: ['FLOOD_PER_MINUTE'] },
  async run({ fixtures, equal, note }) {
    const service = await fixtures.ownService({ TRUST_PROXY: '127.0.0.1', FLOOD_PER_MINUTE: '20' })
    const tries: [string, string, string | undefined][] = [
      ['GET', '/nothing/here', undefined],
      ['POST', '/api/auth/verify-otp', '{broken'],
      ['DELETE', '/auth/request-otp', undefined],
      ['GET', '/api/auth/me', undefined],
    ]
    for (const [index, [method, path, raw]] of tries.entries()) {
      const headers = { 'x-forwarded-for': `203.0.113.${index + 1}`, 'content-type': 'application/json' }
      const answers: Answer[] = []
      for (let round = 0; round < 40; round += 1)
        answers.push(await service.ask(method, path, { headers, ...(raw !== undefined && { raw }) }))
      note(`${method} ${path}: ${tally(answers)}`)
      equal('refused', answers.filter((answer) => named(answer) === '429 rate_limited').length, 20)
    }
    const elsewhere = await service.ask('GET', '/nothing', { headers: { 'x-forwarded-for': '203.0.113.99' } })
    equal('another address', elsewhere.status, 404)
  },
}

const floodOfNetwork: Attack = {
  id: 'L6b',
  tried: '40 requests to a 404, each from another address of one IPv6 /64, FLOOD_PER_MINUTE=20',
  needs: { settings: ['FLOOD_PER_MINUTE'] },
  async run({ fixtures, equal }) {
    const service = await fixtures.ownService({ TRUST_PROXY: '127.0.0.1', FLOOD_PER_MINUTE: '20' })
    const answers: Answer[] = []
    for (let index = 0; index < 40; index += 1) {
      const headers = { 'x-forwarded-for': `2001:db8:1:2::${index + 1}` }
      answers.push(await service.ask('GET', '/nothing', { headers }))
    }
    equal('answers', tally(answers), '404 not_found ×20, 429 rate_limited ×20')
  },
}

const malformed: Attack = {
  id: 'L6c',
  tried:
    '40 calls each of signed routes that are malformed in six ways, of preflights of an allowed site; FLOOD_PER_MINUTE=20',
  needs: { settings: ['FLOOD_PER_MINUTE', 'CORS_ORIGINS'], routes: ['POST /webhooks/delivery'] },
  async run({ fixtures, equal }) {
    const origin = 'https://app.example.org'
    const settings = { TRUST_PROXY: '127.0.0.1', FLOOD_PER_MINUTE: '20', CORS_ORIGINS: origin }
    const service = await fixtures.ownService({ ...twilio.settings, ...settings })
    const form = 'application/x-www-form-urlencoded'
    const tries: [string, string, Record<string, string>, string | undefined][] = [
      ['POST', '/webhooks/delivery', { 'content-type': 'text/plain' }, 'x'],
      ['POST', '/webhooks/delivery', { 'content-type': 'application/json' }, '{'],
      ['POST', '/webhooks/delivery', { 'content-type': 'application/json' }, `"${'x'.repeat(20_000)}"`],
      ['POST', '/webhooks/twilio', { 'content-type': form }, 'a=1&'.repeat(4_000)],
      ['POST', '/webhooks/twilio', { 'content-type': form }, 'a=1&a=2'],
      ['POST', '/webhooks/twilio', { 'content-type': 'application/json' }, '{}'],
      ['OPTIONS', '/auth/verify-otp', { origin, 'access-control-request-method': 'POST' }, undefined],
      ['GET', '/%', {}, undefined],
    ]
    for (const [index, [method, path, headers, raw]] of tries.entries()) {
      const all = { ...headers, 'x-forwarded-for': `203.0.113.${index + 1}` }
      const answers: Answer[] = []
      for (let round = 0; round < 40; round += 1)
        answers.push(await service.ask(method, path, { headers: all, ...(raw !== undefined && { raw }) }))
      equal(`${method} ${path}, refused`, answers.filter((answer) => named(answer) === '429 rate_limited').length, 20)
    }
  },
}

const probes: Attack = {
  id: 'L6d',
  tried: '300 requests at once of the address that the orchestrator asks from, probes among them, FLOOD_PER_MINUTE=20',
  needs: { settings: ['FLOOD_PER_MINUTE'] },
  async run({ fixtures, note, allOf }) {
    const service = await fixtures.ownService({ FLOOD_PER_MINUTE: '20' })
    // Connections have a bound of their own.
    const flooding = inTurns(300, 20, (index) => service.ask('GET', index % 3 ? '/nothing' : '/health/ready'))
    const answers: Answer[] = []
    for (let index = 0; index < 20; index += 1)
      answers.push(await service.ask('GET', index % 2 ? '/health/live' : '/health/ready'))
    await flooding
    note(tally([await service.ask('GET', '/nothing')]))
    allOf('probes', answers, [200])
  },
}

export const floods: readonly Attack[] = [flood, floodOfNetwork, malformed, probes]
