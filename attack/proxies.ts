// L. Limits and proxies: addresses that a client makes up, many addresses of one network, many replicas.
import { floods } from './proxies-floods.js'
import { forwarded } from './proxies-forwarded.js'
import { addressLimits } from './proxies-limits.js'
import { type Attack, bothFlows, type Group, named, tally } from './support/context.js'
import { createFlow, wrongCode } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { otpRow } from './support/otp-rows.js'
import { productionSettings, refusalOf } from './support/process.js'

const refusedAtStart: Attack = {
  id: 'L2',
  tried: 'a start with TRUST_PROXY true, a number, everybody by name',
  async run({ service, equal }) {
    const base = productionSettings(service.grey.url, service.gateway.url)
    const values = ['true', '1', '10', '*', 'loopback', '10.0.0.0/33']
    const refusals = await atOnce(values.length, (index) => refusalOf({ ...base, TRUST_PROXY: String(values[index]) }))
    equal(
      'refused by name, value not printed',
      refusals.map((refusal) => refusal?.code === 1 && /^TRUST_PROXY /m.test(refusal.output)),
      values.map(() => true),
    )
  },
}

const twoReplicas: Attack = {
  id: 'L7',
  tried: 'sends and 60 guesses spread over two processes on one database',
  flows: bothFlows,
  async run({ fixtures, flow: { name }, allOf, equal }) {
    const one = await fixtures.service()
    const two = await fixtures.ownService({}, one)
    const flows = [createFlow(name, one), createFlow(name, two)] as const
    const person = flows[0].newPerson()
    const pick = (index: number) => flows[index % 2 === 0 ? 0 : 1]
    const sends = await atOnce(20, (index) => pick(index).send(person))
    allOf('sends', sends, [200, '429 rate_limited'])
    equal('sent', sends.filter(({ status }) => status === 200).length, 1)
    const code = one.gateway.lastCode(person.identifier)
    const answers = await atOnce(60, (index) => pick(index).verify(person, wrongCode(code, (index % 9) + 1)))
    allOf('guesses', answers, ['401 otp_invalid'])
    equal('evaluated', (await otpRow(one.grey, person.identifier))?.attempts, 5)
    await two.stop()
  },
}

const twoReplicasByAddress: Attack = {
  id: 'L7b',
  tried: '20 sends from one address over two processes, IP_SEND_PER_HOUR=10',
  needs: { settings: ['IP_SEND_PER_HOUR'] },
  async run({ fixtures, equal, note }) {
    const settings = { IP_SEND_PER_HOUR: '10' }
    const one = await fixtures.ownService(settings)
    const two = await fixtures.ownService(settings, one)
    const flows = [createFlow('phone', one), createFlow('email', two)] as const
    const answers = await atOnce(20, (index) => {
      const flow = flows[index % 2 === 0 ? 0 : 1]
      return flow.send(flow.newPerson())
    })
    note(tally(answers))
    equal('sent', answers.filter(({ status }) => status === 200).length, 10)
  },
}

const truthful: Attack = {
  id: 'L8',
  tried: 'Retry-After of a resend: waiting so long is enough',
  flows: bothFlows,
  settings: { OTP_RESEND_COOLDOWN: '4' },
  async run({ flow, equal, expect }) {
    const person = flow.newPerson()
    await flow.send(person)
    const refused = await flow.send(person)
    const wait = Number(refused.headers['retry-after'])
    equal('too early', [named(refused), refused.body['retry_after']], ['429 rate_limited', wait])
    expect(Number.isInteger(wait) && wait >= 1 && wait <= 4, `Retry-After is ${wait}`)
    await new Promise((resolve) => setTimeout(resolve, wait * 1_000))
    equal('after the wait', named(await flow.send(person)), '200')
  },
}

const malformedAddresses: Attack = {
  id: 'L9',
  tried: 'X-Forwarded-For of nonsense, of 200 hops, of SQL, behind a listed proxy',
  settings: { TRUST_PROXY: '127.0.0.1' },
  async run({ flow, allOf }) {
    const values = [
      'unknown',
      '',
      ',,,',
      '999.1.1.1',
      "1.1.1.1'; DROP TABLE users; --",
      Array.from({ length: 200 }, (_, index) => `10.0.${index}.1`).join(', '),
      '[2001:db8::1]:443',
      '2001:db8::1%eth0',
      '::ffff:203.0.113.1',
      '203.0.113.1:8080',
    ]
    const answers: Answer[] = []
    for (const value of values)
      answers.push(await flow.send(flow.newPerson(), { headers: { 'x-forwarded-for': value } }))
    allOf('answers', answers, [200, 400, '429 rate_limited'])
  },
}

export const proxies: Group = {
  letter: 'L',
  title: 'Limits and proxies',
  attacks: [
    refusedAtStart,
    ...addressLimits,
    ...floods,
    ...forwarded,
    twoReplicas,
    twoReplicasByAddress,
    truthful,
    malformedAddresses,
  ],
}
