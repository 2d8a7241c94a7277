// N. Enumeration: who has an account, and who was sent a code, as far as the contract hides it.

import { strictMode } from './enumeration-strict.js'
import { enumerationByTime } from './enumeration-time.js'
import { type Attack, bothFlows, type Group, named, tally } from './support/context.js'
import { createFlow, signIn, signUp, wrongCode } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { looks } from './support/looks.js'
import { expireCode, forgetCodes } from './support/otp-rows.js'
import type { Settings } from './support/process.js'

const sameBytes: Attack = {
  id: 'N1',
  tried: 'wrong, expired, used, exhausted, locked and never-sent codes look the same',
  flows: bothFlows,
  async run({ flow, service, equal, allOf }) {
    const [wrong, expired, used, exhausted] = [flow.newPerson(), flow.newPerson(), flow.newPerson(), flow.newPerson()]
    const code = await flow.sendForCode(wrong)
    await flow.sendForCode(expired)
    await expireCode(service.grey, expired.identifier)
    const usedCode = await flow.sendForCode(used)
    await flow.verify(used, usedCode)
    const other = await flow.sendForCode(exhausted)
    await atOnce(5, () => flow.verify(exhausted, wrongCode(other)))
    const answers = [
      await flow.verify(wrong, wrongCode(code)),
      await flow.verify(expired, wrongCode(service.gateway.lastCode(expired.identifier))),
      await flow.verify(expired, service.gateway.lastCode(expired.identifier)),
      await flow.verify(used, usedCode),
      await flow.verify(exhausted, other),
      await flow.verify(flow.newPerson(), '123456'),
    ]
    allOf('answers', answers, ['401 otp_invalid'])
    equal('different looks', new Set(answers.map(looks)).size, 1)
  },
}

const limitedServer: Settings = { TRUST_PROXY: '127.0.0.1', IP_UNKNOWN_PER_HOUR: '5' }

const unknownLimit: Attack = {
  id: 'N3',
  tried: 'login mode on 12 unknown numbers from one address, IP_UNKNOWN_PER_HOUR=5',
  settings: limitedServer,
  needs: { settings: ['IP_UNKNOWN_PER_HOUR'] },
  async run({ flow, note, equal, service }) {
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    const login = { fields: { mode: 'login' }, headers }
    const known = flow.newPerson()
    await signIn(service, flow, known)
    const answers: Answer[] = []
    for (let index = 0; index < 12; index += 1) answers.push(await flow.send(flow.newPerson(), login))
    note(tally(answers))
    const last = answers.at(-1)
    equal('told', answers.filter(({ status }) => status === 404).length, 5)
    equal('then looks like a known one', last && looks(last), looks(await flow.send(known, login)))
    const elsewhere = { ...login, headers: { 'x-forwarded-for': '203.0.113.10' } }
    equal('another address', named(await flow.send(flow.newPerson(), elsewhere)), '404 account_not_found')
  },
}

const sameLimits: Attack = {
  id: 'N4',
  tried: 'the limits of known and unknown people, send by send and guess by guess',
  flows: bothFlows,
  async run({ flow, service, equal, note }) {
    const [known, unknown] = [flow.newPerson(), flow.newPerson()]
    await signIn(service, flow, known)
    await forgetCodes(service.grey, known.identifier)
    const walk = async (person: typeof known) => {
      const answers = [await flow.send(person), await flow.send(person)]
      for (let step = 1; step <= 6; step += 1)
        answers.push(await flow.verify(person, wrongCode(service.gateway.lastCode(person.identifier), step)))
      return answers.map((answer) => looks(answer).replaceAll(/"(retry_after|retry-after)\\?":\\?"?\d+/g, 'wait'))
    }
    const [ofKnown, ofUnknown] = [await walk(known), await walk(unknown)]
    note(`${ofKnown.length} answers each`)
    equal('alike', ofKnown.join('\n') === ofUnknown.join('\n'), true)
  },
}

const takenNumber: Attack = {
  id: 'N6',
  tried: 'signup of a taken and of a free number without their tickets',
  flows: ['mobile'],
  async run({ flow, service, equal, allOf }) {
    const [taken, free, mine] = [flow.newPerson(), flow.newPerson(), flow.newPerson()]
    await signIn(service, createFlow('mobile', service), taken)
    const ticket = (await flow.verify(mine, await flow.sendForCode(mine))).body['signup_token']
    const answers = [
      await signUp(service, taken, undefined),
      await signUp(service, free, undefined),
      await signUp(service, taken, ticket),
      await signUp(service, free, ticket),
    ]
    allOf('answers', answers, ['403 verification_required'])
    equal('different looks', new Set(answers.map(looks)).size, 1)
  },
}

export const enumeration: Group = {
  letter: 'N',
  title: 'Enumeration',
  attacks: [sameBytes, ...enumerationByTime, unknownLimit, sameLimits, ...strictMode, takenNumber],
}
