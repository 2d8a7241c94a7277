// Z. What is one's own: addresses and sessions of others, and sessions that were ended.

import { type Attack, named } from './support/context.js'
import { signIn } from './support/flows.js'
import type { Answer } from './support/http.js'
import { looks } from './support/looks.js'
import { forgetCodes } from './support/otp-rows.js'
import { as, join, nobody } from './support/users.js'

const home = { house_number: '1', street_locality: 'MG Road', city: 'Bengaluru', state: 'Karnataka', pincode: '560001' }

const addresses: Attack = {
  id: 'Z11',
  tried: "another user's address: change, make default, delete; an owner in the body; ids that are none",
  flows: ['phone'],
  needs: { routes: ['PATCH /users/me/addresses/{id}', 'DELETE /users/me/addresses/{id}'] },
  async run(context) {
    const { service, allOf, equal } = context
    const [me, other] = [await join(context), await join(context)]
    const added = await service.ask('POST', '/users/me/addresses', as(other, home))
    const id = String(Object(added.body['data']).id)
    const read = () => service.grey.query('SELECT * FROM addresses WHERE user_id = $1', [other.userId])
    const before = await read()
    const answers: Answer[] = []
    for (const [method, json] of [
      ['PATCH', { city: 'Eve' }],
      ['PATCH', { is_default: true }],
      ['PATCH', { country: 'XX' }],
      ['DELETE'],
    ] as const) {
      const [existing, missing] = await Promise.all(
        [id, nobody].map((which) => service.ask(method, `/users/me/addresses/${which}`, as(me, json))),
      )
      if (existing && missing) {
        answers.push(existing, missing)
        equal(`${method} looks the same`, looks(existing) === looks(missing), true)
      }
    }
    allOf('answers', answers, ['404 not_found'])
    const odd: Answer[] = [await service.ask('POST', '/users/me/addresses', as(me, { ...home, user_id: other.userId }))]
    for (const which of ['1', '%00', '..%2f', "'%20OR%201=1", `${nobody}0`])
      odd.push(await service.ask('DELETE', `/users/me/addresses/${which}`, as(me)))
    allOf('odd', odd, ['400 validation_failed'])
    equal('rows changed', JSON.stringify(await read()) !== JSON.stringify(before), false)
  },
}

const sessions: Attack = {
  id: 'Z12',
  tried: "another user's session, and one's own sessions after they were ended",
  flows: ['phone', 'email'],
  needs: { routes: ['GET /users/me/sessions', 'DELETE /users/me/sessions/{id}', 'DELETE /users/me/sessions'] },
  async run(context) {
    const { service, flow, allOf, equal } = context
    const [eve, person] = [await join(context), flow.newPerson()]
    const signInAgain = async () => {
      await forgetCodes(service.grey, person.identifier)
      return signIn(service, flow, person)
    }
    const [mine, first, second] = [await signInAgain(), await signInAgain(), await signInAgain()]
    const listed: { id: string; current: boolean }[] = Object(
      (await service.ask('GET', '/users/me/sessions', as(first))).body['data'],
    )
    equal('listed', [listed.length, listed.filter(({ current }) => current).length], [3, 1])
    const id = String(listed.find(({ current }) => current)?.id)
    const [existing, missing] = [
      await service.ask('DELETE', `/users/me/sessions/${id}`, as(eve)),
      await service.ask('DELETE', `/users/me/sessions/${nobody}`, as(eve)),
    ]
    allOf("another user's", [existing, missing], ['404 not_found'])
    equal('looks the same', looks(existing) === looks(missing), true)
    const me = (who: typeof mine) => service.ask('GET', '/users/me', as(who))
    equal('it goes on', (await me(first)).status, 200)
    equal('ended', (await service.ask('DELETE', `/users/me/sessions/${id}`, as(mine))).status, 200)
    equal('after', named(await me(first)), '401 unauthorized')
    equal('others', (await service.ask('DELETE', '/users/me/sessions?others=true', as(mine))).status, 200)
    equal('after', named(await me(second)), '401 unauthorized')
    equal('this one', (await me(mine)).status, 200)
    equal("another user's", (await me(eve)).status, 200)
  },
}

export const own: readonly Attack[] = [addresses, sessions]
