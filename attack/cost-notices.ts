// M. Notices: each change of a phone or an email sends one, which no budget counts. So changes are few.

import { type Attack, named, tally } from './support/context.js'
import { createFlow, personOf, signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { as } from './support/users.js'

const maxChanges = 5

const needs = {
  routes: ['POST /users/me/identifiers', 'POST /users/me/identifiers/verify', 'DELETE /users/me/identifiers/{id}'],
}

const rounds: Attack = {
  id: 'M7',
  tried: 'an email of mine added and removed 20 times: each time the phone gets an SMS',
  flows: ['phone'],
  needs,
  async run({ fixtures, flow: { name }, equal, expect, note }) {
    const service = await fixtures.ownService()
    const flow = createFlow(name, service)
    const person = flow.newPerson()
    const me = await signIn(service, flow, person)
    const before = service.gateway.to(person.identifier).length
    const answers: Answer[] = []
    for (let round = 0; round < 20; round += 1) {
      const { identifier: email } = personOf('email')
      await service.ask('POST', '/users/me/identifiers', as(me, { email }))
      const otp = service.gateway.lastCode(email)
      answers.push(await service.ask('POST', '/users/me/identifiers/verify', as(me, { email, otp })))
      answers.push(await service.ask('DELETE', '/users/me/identifiers/email', as(me)))
    }
    note(tally(answers))
    equal('changes', answers.filter(({ status }) => status === 200).length, maxChanges)
    const last = answers.filter(({ status }) => status === 429).at(-1)
    expect(Number(last?.headers['retry-after']) <= 86_400, `Retry-After ${last?.headers['retry-after']}`)
    // Notices leave after the answer; a stop in order waits for them.
    await service.stop()
    const sent = service.gateway.to(person.identifier).length - before
    expect(sent >= 1 && sent <= maxChanges, `${sent} SMS to the number`)
  },
}

const racing: Attack = {
  id: 'M7b',
  tried: '20 right codes for 20 emails typed in at once',
  flows: ['phone'],
  needs,
  async run({ service, flow, allOf, equal }) {
    const me = await signIn(service, flow, flow.newPerson())
    const emails = Array.from({ length: 20 }, () => personOf('email').identifier)
    for (const email of emails) await service.ask('POST', '/users/me/identifiers', as(me, { email }))
    const answers = await atOnce(20, (index) => {
      const email = String(emails[index])
      const otp = service.gateway.lastCode(email)
      return service.ask('POST', '/users/me/identifiers/verify', as(me, { email, otp }))
    })
    allOf('answers', answers, [200, '429 rate_limited'])
    equal('changes', answers.filter((answer) => named(answer) === '200').length, maxChanges)
  },
}

export const notices: readonly Attack[] = [rounds, racing]
