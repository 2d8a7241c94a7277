// L. The flood guard: every route and none, many addresses of one network.

import { type Attack, named, tally } from './support/context.js'
import type { Answer } from './support/http.js'

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
    const elsewhere = await service.ask('GET', '/health/live', { headers: { 'x-forwarded-for': '203.0.113.99' } })
    equal('another address', elsewhere.status, 200)
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

export const floods: readonly Attack[] = [flood, floodOfNetwork]
