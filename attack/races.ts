// R. Races and replay: the same code twice, two codes at once, everything at once.
import { accountRaces } from './races-accounts.js'
import { addressRaces } from './races-addresses.js'
import { type Attack, bothFlows, type Group } from './support/context.js'
import { signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { countOtpRows, endCooldown, expireCode } from './support/otp-rows.js'

const invalid = ['401 otp_invalid']
const succeeded = (answers: readonly Answer[]) => answers.filter(({ status }) => status < 300).length

const doubleConsume: Attack = {
  id: 'R1',
  tried: 'the right code 50 times at once, of a known person',
  flows: bothFlows,
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const { userId } = await signIn(service, flow, person)
    const code = await flow.sendForCode(person)
    const answers = await atOnce(50, () => flow.verify(person, code))
    allOf('answers', answers, [200, ...invalid])
    equal('let in', succeeded(answers), 1)
    const sessions = await service.grey.query('SELECT id FROM sessions WHERE user_id = $1', [userId])
    equal('sessions with the one before', sessions.length, 2)
  },
}

const newcomerConsume: Attack = {
  id: 'R1b',
  tried: 'the right code 50 times at once, of a newcomer',
  flows: bothFlows,
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    const answers = await atOnce(50, () => flow.verify(person, code))
    allOf('answers', answers, [200, ...invalid])
    equal('let in', succeeded(answers), 1)
    const { query } = service.grey
    const made = flow.name === 'mobile' ? 'signup_tickets WHERE phone = $1' : 'users WHERE phone = $1 OR email = $1'
    equal('rows made', (await query(`SELECT 1 FROM ${made}`, [person.identifier])).length, 1)
  },
}

const concurrentSends: Attack = {
  id: 'R2',
  tried: '50 sends at once to somebody new',
  flows: bothFlows,
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const answers = await atOnce(50, () => flow.send(person))
    allOf('answers', answers, [200, '429 rate_limited'])
    equal('sent', succeeded(answers), 1)
    equal('messages', service.gateway.to(person.identifier).length, 1)
    equal('rows', await countOtpRows(service.grey, [person.identifier]), 1)
  },
}

const interleaved: Attack = {
  id: 'R3',
  tried: '100 sends and 100 guesses at once, on one and on ten people',
  flows: bothFlows,
  async run({ flow, service, fixtures, allOf, equal }) {
    const deadlocks = () =>
      fixtures.databases.admin<{ deadlocks: string }>('SELECT deadlocks FROM pg_stat_database WHERE datname = $1', [
        service.grey.name,
      ])
    const before = await deadlocks()
    const people = Array.from({ length: 10 }, flow.newPerson)
    const [one = flow.newPerson()] = people
    for (const pick of [() => one, (index: number) => people[index % 10] ?? one]) {
      const answers = await atOnce(200, (index) =>
        index % 2 === 0 ? flow.send(pick(index)) : flow.verify(pick(index), '123456'),
      )
      allOf('answers', answers, [200, 401, 429])
    }
    equal('new deadlocks', (await deadlocks())[0]?.deadlocks, before[0]?.deadlocks)
  },
}

const replays: Attack = {
  id: 'R4',
  tried: 'a used code, an expired one, one of somebody else, an earlier one',
  flows: bothFlows,
  async run({ flow, service, allOf, equal }) {
    const [owner, other] = [flow.newPerson(), flow.newPerson()]
    const used = await flow.sendForCode(owner)
    equal('first use', (await flow.verify(owner, used)).status, 200)
    allOf('used', [await flow.verify(owner, used)], invalid)
    const code = await flow.sendForCode(owner)
    await flow.sendForCode(other)
    const isSame = service.gateway.lastCode(other.identifier) === code
    if (!isSame) allOf('of somebody else', [await flow.verify(other, code)], invalid)
    await expireCode(service.grey, owner.identifier)
    allOf('expired', [await flow.verify(owner, code)], invalid)
    await endCooldown(service.grey, owner.identifier)
    const next = await flow.sendForCode(owner)
    equal('the next one', (await flow.verify(owner, next)).status, 200)
    allOf('the one before', [await flow.verify(owner, code)], invalid)
  },
}

const otherPurpose: Attack = {
  id: 'R4b',
  tried: 'a step-up code at sign-in',
  flows: bothFlows,
  needs: { routes: ['POST /users/me/step-up'] },
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const { token } = await signIn(service, flow, person)
    const headers = { authorization: `Bearer ${token}` }
    const asked = await service.ask('POST', '/users/me/step-up', { headers, json: {} })
    equal('step-up asked', asked.status, 200)
    allOf('its code', [await flow.verify(person, service.gateway.lastCode(person.identifier))], invalid)
  },
}

export const races: Group = {
  letter: 'R',
  title: 'Races and replay',
  attacks: [
    doubleConsume,
    newcomerConsume,
    concurrentSends,
    interleaved,
    replays,
    otherPurpose,
    ...accountRaces,
    ...addressRaces,
  ],
}
