// M. Budgets that strangers try to use up: of one number, of all members, of an address's neighbours, of a mailbox.

import { type Attack, named, tally } from './support/context.js'
import type { Fixtures } from './support/fixtures.js'
import { createFlow, type Flow, type Person, type SignedIn, signIn } from './support/flows.js'
import { type Answer, inTurns } from './support/http.js'
import { endCooldown, forgetBudgets } from './support/otp-rows.js'
import { as } from './support/users.js'

const oneNumber: Attack = {
  id: 'M9',
  tried: 'one number: 20 sends on no device, 20 on each of three trusted ones, 20 to step up',
  flows: ['mobile', 'phone'],
  needs: { routes: ['POST /users/me/step-up'] },
  async run({ fixtures, flow: { name }, equal, note }) {
    const service = await fixtures.ownService()
    const flow = createFlow(name, service)
    const owner = flow.newPerson()
    const devices: SignedIn[] = []
    for (let device = 0; device < 3; device += 1) {
      devices.push(await signIn(service, flow, owner))
      await forgetBudgets(service.grey)
    }
    const last = await signIn(service, flow, owner)
    await forgetBudgets(service.grey)
    const before = service.gateway.to(owner.identifier).length
    const answers: Answer[] = []
    const ways = [
      () => flow.send(owner),
      ...devices.map(
        ({ deviceToken }) =>
          () =>
            flow.send(owner, { fields: { device_token: deviceToken } }),
      ),
      () => service.ask('POST', '/users/me/step-up', as(last, {})),
    ]
    for (let round = 0; round < 20; round += 1) {
      for (const way of ways) answers.push(await way())
      // The hour and the cooldown pass, the day goes on.
      await endCooldown(service.grey, owner.identifier)
    }
    note(tally(answers))
    equal('messages', service.gateway.to(owner.identifier).length - before, 15)
  },
}

/** Members of a service, each with a device, and the same service with a small budget beside it. */
async function withMembers(fixtures: Fixtures, name: Flow['name'], count: number) {
  const open = await fixtures.ownService()
  const flow = createFlow(name, open)
  const members: { person: Person; deviceToken: string | undefined }[] = []
  await inTurns(count, 4, async () => {
    const person = flow.newPerson()
    members.push({ person, deviceToken: (await signIn(open, flow, person)).deviceToken })
  })
  await forgetBudgets(open.grey)
  const service = await fixtures.ownService({ SMS_BUDGET_PER_HOUR: '20', SMS_BUDGET_PER_DAY: '100000' }, open)
  return { members, service, flow: createFlow(name, service) }
}

const everyOwner: Attack = {
  id: 'M10',
  tried: 'SMS_BUDGET_PER_HOUR=20: five codes each to 15 members, one each to 15 more, then the owners on their devices',
  flows: ['mobile', 'phone'],
  needs: { settings: ['SMS_BUDGET_PER_HOUR'] },
  async run({ fixtures, flow: { name }, equal }) {
    const { members, service, flow } = await withMembers(fixtures, name, 30)
    const bombed: Answer[] = []
    for (const { person } of members.slice(0, 15)) {
      for (let send = 0; send < 5; send += 1) {
        bombed.push(await flow.send(person))
        await service.grey.query('UPDATE otps SET resend_at = now() WHERE identifier = $1', [person.identifier])
      }
    }
    equal('five each', tally(bombed), '200 ×75')
    const others: Answer[] = []
    for (const { person } of members.slice(15)) others.push(await flow.send(person))
    equal('one each', tally(others), '200 ×5, 503 service_unavailable ×10')
    const owners: Answer[] = []
    for (const { person, deviceToken } of members.slice(0, 20))
      owners.push(await flow.send(person, { fields: { device_token: deviceToken } }))
    equal('owners', tally(owners), '200 ×20')
  },
}

const neighbours: Attack = {
  id: 'M11',
  tried: 'IP_SEND_PER_HOUR=2: three sends from each of 12 addresses of one /24; 30 mails to one mailbox by plus signs',
  flows: ['phone'],
  needs: { settings: ['IP_SEND_PER_HOUR'] },
  async run({ fixtures, flow: { name }, equal }) {
    const service = await fixtures.ownService({ IP_SEND_PER_HOUR: '2', TRUST_PROXY: '127.0.0.1' })
    const flow = createFlow(name, service)
    const answers: Answer[] = []
    for (let host = 1; host <= 12; host += 1)
      for (let send = 0; send < 3; send += 1)
        answers.push(await flow.send(flow.newPerson(), { headers: { 'x-forwarded-for': `203.0.113.${host}` } }))
    equal('answers', tally(answers), '200 ×16, 429 rate_limited ×20')
    const open = await fixtures.ownService()
    const mails: string[] = []
    for (let index = 0; index < 30; index += 1)
      mails.push(
        named(await open.ask('POST', '/auth/request-otp', { json: { email: `somebody+${index}@example.com` } })),
      )
    equal('mails', mails.filter((status) => status === '200').length, 20)
  },
}

export const budgets: readonly Attack[] = [oneNumber, everyOwner, neighbours]
