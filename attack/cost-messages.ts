// M. Messages: counted before they leave, and written by nobody but the operator.

import { type Attack, named } from './support/context.js'
import { createFlow } from './support/flows.js'
import { otpRow } from './support/otp-rows.js'

const crash: Attack = {
  id: 'M4',
  tried: 'the service dies while the gateway has the message; then the same number again',
  flows: ['mobile', 'email'],
  async run({ fixtures, flow: { name }, allOf, equal }) {
    const service = await fixtures.ownService()
    const flow = createFlow(name, service)
    const person = flow.newPerson()
    service.gateway.behaviour.delayMilliseconds = 3_000
    const lost = flow.send(person).catch(() => undefined)
    while (service.gateway.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    service.running.child.kill('SIGKILL')
    await Promise.all([lost, service.running.exited])
    service.gateway.behaviour.delayMilliseconds = 0
    const next = await fixtures.ownService({}, service)
    allOf('after the restart', [await createFlow(name, next).send(person)], ['429 rate_limited'])
    equal('counted sends', (await otpRow(service.grey, person.identifier))?.daySends, 1)
  },
}

const failing: Attack = {
  id: 'M4b',
  tried: 'a gateway that answers 500, or nothing in time: the send stays counted',
  flows: ['mobile'],
  async run({ fixtures, flow: { name }, allOf, equal, expect }) {
    const service = await fixtures.ownService()
    const flow = createFlow(name, service)
    const [broken, hanging] = [flow.newPerson(), flow.newPerson()]
    service.gateway.behaviour.status = 500
    const answers = [await flow.send(broken), await flow.send(broken)]
    service.gateway.behaviour.delayMilliseconds = 8_000
    const slow = await flow.send(hanging)
    service.gateway.behaviour.delayMilliseconds = 0
    const outcomes = [...answers, slow].map(named)
    equal('answers', outcomes, ['502 delivery_failed', '429 rate_limited', '502 delivery_failed'])
    expect(slow.milliseconds < 7_500, `waited ${Math.round(slow.milliseconds)} ms`)
    allOf('again', [await flow.send(hanging)], ['429 rate_limited'])
  },
}

const words: Attack = {
  id: 'M6',
  tried: 'text of mine in the headers, the name, the address: none in the message',
  flows: ['mobile', 'email'],
  async run({ service, flow, equal }) {
    const marker = 'visit-evil-example'
    const headers = {
      'user-agent': marker,
      'accept-language': `en;q=0.5, ${marker}`,
      referer: `https://example.com/${marker}`,
      'x-forwarded-host': `${marker}.example`,
    }
    const sent = flow.newPerson()
    const code = await flow.sendForCode(sent, { headers })
    const [message] = service.gateway.to(sent.identifier)
    equal('marker in it', message?.raw.includes(marker), false)
    equal('address in its text', message?.message.includes(sent.identifier), false)
    equal('code in its text', message?.message.includes(code), true)
  },
}

const webOtp: Attack = {
  id: 'M6b',
  tried: 'the last line of an SMS binds the code to our domain',
  settings: { WEBOTP_DOMAIN: 'login.example.org' },
  needs: { settings: ['WEBOTP_DOMAIN'] },
  async run({ service, flow, equal }) {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    const [message] = service.gateway.to(person.identifier)
    equal('last line', message?.message.split('\n').at(-1), `@login.example.org #${code}`)
  },
}

export const messages: readonly Attack[] = [crash, failing, words, webOtp]
