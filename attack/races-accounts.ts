// R. Races about accounts: two signups, two flows, an account that goes while it is used.

import type { Attack } from './support/context.js'
import { createFlow, personOf, signIn, signUp, wrongCode } from './support/flows.js'
import { type Answer, atOnce, textOf } from './support/http.js'
import { endCooldown } from './support/otp-rows.js'

const duplicateAccount: Attack = {
  id: 'R5',
  tried: '20 signups at once with one ticket',
  flows: ['mobile'],
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const verified = await flow.verify(person, await flow.sendForCode(person))
    const ticket = textOf(verified.body['signup_token'])
    const answers = await atOnce(20, () => signUp(service, person, ticket))
    allOf('answers', answers, [201, '403 verification_required', '409 already_registered'])
    equal('signed up', answers.filter(({ status }) => status === 201).length, 1)
    const rows = await service.grey.query(
      'SELECT u.id, a.type FROM users u LEFT JOIN addresses a ON a.user_id = u.id WHERE u.phone = $1',
      [person.identifier],
    )
    equal(
      'users and addresses',
      rows.map(({ type }) => type),
      ['Home'],
    )
  },
}

const twoFlows: Attack = {
  id: 'R6',
  tried: '10 × (signup in one flow while the other flow makes the account)',
  flows: ['mobile'],
  async run({ flow, service, allOf, equal }) {
    const other = createFlow('phone', service)
    const answers: Answer[] = []
    const people = Array.from({ length: 10 }, flow.newPerson)
    for (const person of people) {
      const verified = await flow.verify(person, await flow.sendForCode(person))
      const ticket = textOf(verified.body['signup_token'])
      await endCooldown(service.grey, person.identifier)
      const samePerson = personOf('phone', person.identifier)
      const code = await other.sendForCode(samePerson)
      answers.push(
        ...(await Promise.all([
          signUp(service, person, ticket),
          other.verify(samePerson, code),
          other.verify(samePerson, wrongCode(code)),
        ])),
      )
    }
    allOf('answers', answers, [200, 201, 401, 409])
    const rows = await service.grey.query('SELECT id FROM users WHERE phone = ANY($1)', [
      people.map(({ identifier }) => identifier),
    ])
    equal('users', rows.length, 10)
  },
}

const deleting: Attack = {
  id: 'R7',
  tried: '20 × (the account deletes itself while it signs in and is changed)',
  flows: ['phone'],
  needs: { routes: ['DELETE /users/{id}', 'PATCH /users/{id}'] },
  async run({ flow, service, allOf, equal }) {
    const answers: Answer[] = []
    for (let round = 0; round < 20; round += 1) {
      const person = flow.newPerson()
      const { token } = await signIn(service, flow, person)
      const headers = { authorization: `Bearer ${token}` }
      const code = await flow.sendForCode(person)
      answers.push(
        ...(await Promise.all([
          service.ask('DELETE', '/users/me', { headers }),
          flow.verify(person, code),
          service.ask('PATCH', '/users/me', { headers, json: { user_name: 'Asha' } }),
        ])),
      )
    }
    allOf('answers', answers, [200, 401, 403, 404, 409])
    const orphans = await service.grey.query(
      'SELECT s.id FROM sessions s LEFT JOIN users u ON u.id = s.user_id WHERE u.id IS NULL',
    )
    equal('orphans', orphans.length, 0)
  },
}

export const accountRaces: readonly Attack[] = [duplicateAccount, twoFlows, deleting]
