// L. The limits of one client address, and what a client tries to get another one.

import { type Attack, named, tally } from './support/context.js'
import { createFlow, wrongCode } from './support/flows.js'
import { type Answer, inTurns } from './support/http.js'
import { otpRow } from './support/otp-rows.js'
import { type Settings, startProgram } from './support/process.js'

const sendLimit: Settings = { IP_SEND_PER_HOUR: '5' }
const behindProxy: Settings = { ...sendLimit, TRUST_PROXY: '127.0.0.1' }
const needs = { settings: ['IP_SEND_PER_HOUR'] }
// One of each flow's routes: each run needs a service of its own.
const flows = ['mobile', 'email'] as const

/** Sends to new people with a header each; how many were let through. */
function sendsWith(
  id: string,
  tried: string,
  options: { settings: Settings; addresses: (index: number) => string; count: number; passes: number },
): Attack {
  const { settings, addresses, count, passes } = options
  return {
    id,
    tried,
    flows,
    needs,
    async run({ fixtures, flow: { name }, note, equal, expect }) {
      const service = await fixtures.ownService(settings)
      const flow = createFlow(name, service)
      const answers: Answer[] = []
      for (let index = 0; index < count; index += 1)
        answers.push(await flow.send(flow.newPerson(), { headers: { 'x-forwarded-for': addresses(index) } }))
      note(tally(answers))
      equal('sent', answers.filter(({ status }) => status === 200).length, passes)
      const waits = answers.filter(({ status }) => status === 429).map(({ headers }) => Number(headers['retry-after']))
      expect(
        waits.every((wait) => wait >= 1 && wait <= 3_600),
        `Retry-After ${waits}`,
      )
      expect(
        answers.every(({ status }) => status === 200 || status === 429),
        'other answers than these',
      )
    },
  }
}

const guessLimit: Attack = {
  id: 'L10',
  tried: '12 guesses at 12 people from one address, IP_VERIFY_PER_10_MIN=5, then from another',
  flows,
  needs: { settings: ['IP_VERIFY_PER_10_MIN'] },
  async run({ fixtures, flow: { name }, note, equal }) {
    const service = await fixtures.ownService({ TRUST_PROXY: '127.0.0.1', IP_VERIFY_PER_10_MIN: '5' })
    const flow = createFlow(name, service)
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    const answers: Answer[] = []
    for (let index = 0; index < 12; index += 1) {
      const person = flow.newPerson()
      const code = await flow.sendForCode(person, from('203.0.113.1'))
      answers.push(await flow.verify(person, wrongCode(code), from('203.0.113.1')))
    }
    note(tally(answers))
    equal('evaluated', answers.filter(({ status }) => status === 401).length, 5)
    equal('refused', answers.filter(({ status }) => status === 429).length, 7)
    const victim = flow.newPerson()
    const right = await flow.sendForCode(victim, from('203.0.113.1'))
    equal('the right code', named(await flow.verify(victim, right, from('203.0.113.1'))), '429 rate_limited')
    equal('evaluated', (await otpRow(service.grey, victim.identifier))?.attempts, 0)
    const person = flow.newPerson()
    const code = await flow.sendForCode(person, from('203.0.113.2'))
    equal('another address', named(await flow.verify(person, code, from('203.0.113.2'))), '200')
  },
}

const evicting: Attack = {
  id: 'L5',
  tried: 'the limit met, then 5,500 other addresses, then again',
  needs,
  async run({ fixtures, equal }) {
    const service = await fixtures.ownService({ ...behindProxy, FLOOD_PER_MINUTE: '1000' })
    const flow = createFlow('email', service)
    const hot = { headers: { 'x-forwarded-for': '203.0.113.77' } }
    for (let index = 0; index < 5; index += 1) await flow.send(flow.newPerson(), hot)
    equal('before', named(await flow.send(flow.newPerson(), hot)), '429 rate_limited')
    await inTurns(5_500, 50, (index) =>
      service.ask('POST', '/auth/request-otp', {
        json: { email: 'no address' },
        headers: { 'x-forwarded-for': `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
      }),
    )
    equal('after', named(await flow.send(flow.newPerson(), hot)), '429 rate_limited')
  },
}

const afterCleanup: Attack = {
  id: 'L11',
  tried: 'the limit of an address met, the cleanup run, then again',
  flows,
  needs,
  async run({ fixtures, flow: { name }, equal }) {
    const service = await fixtures.ownService(sendLimit)
    const flow = createFlow(name, service)
    for (let index = 0; index < 5; index += 1) await flow.send(flow.newPerson())
    equal('before', named(await flow.send(flow.newPerson())), '429 rate_limited')
    const cleanup = startProgram('cli/cleanup.js', { DATABASE_URL: service.grey.url })
    equal('cleanup ends with', await cleanup.exited, 0)
    equal('after', named(await flow.send(flow.newPerson())), '429 rate_limited')
  },
}

export const addressLimits: readonly Attack[] = [
  sendsWith('L1', '12 sends, each with another X-Forwarded-For, no proxy listed', {
    settings: sendLimit,
    addresses: (index) => `198.51.100.${index}`,
    count: 12,
    passes: 5,
  }),
  sendsWith('L3', '12 sends through the proxy, each with another address put before ours', {
    settings: behindProxy,
    addresses: (index) => `198.51.100.${index}, 203.0.113.5`,
    count: 12,
    passes: 5,
  }),
  sendsWith('L3b', '12 people behind the proxy, each with an address of their own', {
    settings: behindProxy,
    addresses: (index) => `203.0.113.${index}`,
    count: 12,
    passes: 12,
  }),
  sendsWith('L4', '12 sends from 12 addresses of one IPv6 /64', {
    settings: behindProxy,
    addresses: (index) => `2001:db8:1:2:${index}:${index}:0:${index + 1}`,
    count: 12,
    passes: 5,
  }),
  sendsWith('L4b', '12 sends from 12 IPv6 /64 networks', {
    settings: behindProxy,
    addresses: (index) => `2001:db8:1:${index}::1`,
    count: 12,
    passes: 12,
  }),
  sendsWith('L4c', '12 sends from one IPv4 address, every other written as IPv6', {
    settings: behindProxy,
    addresses: (index) => (index % 2 === 0 ? '203.0.113.8' : '::ffff:203.0.113.8'),
    count: 12,
    passes: 5,
  }),
  guessLimit,
  evicting,
  afterCleanup,
]
