// A. The fixed codes of test identities, which an attacker knows of: no admin's account, no guess more, no use elsewhere.

import { type Attack, bothFlows, named } from './support/context.js'
import { createFlow, type FlowName, personOf, signIn, wrongCode } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { otpRow } from './support/otp-rows.js'

const needs = { settings: ['TEST_OTPS'] }
const code = '246813'
const identifiers: Readonly<Record<FlowName, string>> = {
  mobile: '+919999900001',
  phone: '+919999900002',
  email: 'reviewer@example.com',
}
const settings = {
  TEST_OTPS: Object.values(identifiers)
    .map((identifier) => `${identifier}:${code}@2099-12-31`)
    .join(','),
}

const noAdmin: Attack = {
  id: 'A11',
  tried: "a fixed code at an admin's account, also on a replica that knows of none",
  flows: bothFlows,
  needs,
  async run({ fixtures, flow: { name }, equal }) {
    const service = await fixtures.ownService(settings)
    const person = personOf(name, identifiers[name])
    const flow = createFlow(name, service)
    const maker = createFlow(name === 'mobile' ? 'phone' : name, service)
    const account = personOf(maker.name, identifiers[name])
    await maker.send(account)
    equal('as a user', (await maker.verify(account, code)).status, 200)
    await service.grey.query(`UPDATE users SET role = 'ADMIN'`)
    await flow.send(person)
    equal('as an admin', named(await flow.verify(person, code)), '401 otp_invalid')
    const other = createFlow(name, await fixtures.ownService({}, service))
    equal('on another replica', named(await other.verify(person, code)), '401 otp_invalid')
    const sessions = await service.grey.query('SELECT id FROM sessions')
    equal('sessions', sessions.length, 1)
    equal('messages', service.gateway.messages.length, 0)
  },
}

const noExtraGuesses: Attack = {
  id: 'A11b',
  tried: '8 × (a test identity asked for, 30 wrong guesses at once), without cooldown',
  flows: bothFlows,
  needs,
  async run({ fixtures, flow: { name }, equal, note, allOf }) {
    const service = await fixtures.ownService(settings)
    const flow = createFlow(name, service)
    const person = personOf(name, identifiers[name])
    const sends: Answer[] = []
    for (let round = 0; round < 8; round += 1) {
      sends.push(await flow.send(person))
      await atOnce(30, (index) => flow.verify(person, wrongCode(code, (index % 9) + 1)))
    }
    note(`sends: ${sends.map(({ status }) => status).join(' ')}`)
    equal('wrong counted', (await otpRow(service.grey, person.identifier))?.failures, 20)
    allOf('sends after them', sends.slice(4), ['429 rate_limited'])
    allOf('the right code', [await flow.verify(person, code)], ['401 otp_invalid'])
  },
}

const nowhereElse: Attack = {
  id: 'A11c',
  tried: 'a fixed code at somebody else, without a send, and twice',
  flows: bothFlows,
  needs,
  async run({ fixtures, flow: { name }, equal, allOf }) {
    const service = await fixtures.ownService(settings)
    const flow = createFlow(name, service)
    const person = personOf(name, identifiers[name])
    allOf('without a send', [await flow.verify(person, code)], ['401 otp_invalid'])
    const stranger = flow.newPerson()
    if ((await flow.sendForCode(stranger)) !== code)
      allOf('at somebody else', [await flow.verify(stranger, code)], ['401 otp_invalid'])
    await flow.send(person)
    equal('once', (await flow.verify(person, code)).status, 200)
    allOf('twice', [await flow.verify(person, code)], ['401 otp_invalid'])
    const { userId } = await signIn(service, flow, flow.newPerson())
    equal('others sign in as ever', userId !== '', true)
  },
}

export const testIdentities: readonly Attack[] = [noAdmin, noExtraGuesses, nowhereElse]
