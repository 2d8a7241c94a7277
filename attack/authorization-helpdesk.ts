// Z. What admins may do to help somebody, in the hands of somebody else: of users, of a stolen session, of an insider.

import type { Attack } from './support/context.js'
import { personOf, signIn } from './support/flows.js'
import type { Answer } from './support/http.js'
import { as, join, joinAsAdmin, nobody } from './support/users.js'

const lists = ['sessions', 'devices', 'events', 'messages', 'limits']
const needs = { routes: ['POST /users/{id}/unlock', 'GET /operations/numbers'] }
const reason = 'An attack'

const reading: Attack = {
  id: 'Z13',
  tried: "somebody's trail and messages by a user, by an admin without a proof, and what stands in them",
  flows: ['phone'],
  needs,
  async run(context) {
    const { service, flow, allOf, expect } = context
    const person = flow.newPerson()
    const [admin, me] = [await joinAsAdmin(context), await signIn(service, flow, person)]
    const answers: Answer[] = []
    for (const id of [me.userId, admin.userId, nobody, 'me', 'ME'])
      for (const list of lists.slice(me.userId === id || id === 'me' ? 1 : 0))
        answers.push(await service.ask('GET', `/users/${id}/${list}`, as(me)))
    for (const path of ['numbers', 'blocks']) answers.push(await service.ask('GET', `/operations/${path}`, as(me)))
    allOf('a user', answers, ['403 forbidden', '404 not_found', '405 method_not_allowed'])

    const shown: string[] = []
    for (const list of lists) shown.push((await service.ask('GET', `/users/${me.userId}/${list}`, as(admin))).text)
    const secrets = [person.identifier, service.gateway.lastCode(person.identifier), me.token]
    expect(!secrets.some((secret) => shown.join().includes(secret)), 'an identifier, a code or a token is shown')
    await service.grey.query(`UPDATE sessions SET proved_at = now() - interval '16 minutes' WHERE user_id = $1`, [
      admin.userId,
    ])
    const late: Answer[] = []
    for (const list of lists) late.push(await service.ask('GET', `/users/${me.userId}/${list}`, as(admin)))
    late.push(await service.ask('POST', `/users/${me.userId}/unlock`, as(admin, { reason })))
    late.push(await service.ask('POST', '/operations/countries/IN/open', as(admin, { reason })))
    const mate = person.identifier.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
    late.push(await service.ask('POST', '/users', as(admin, { phone: mate, role: 'ADMIN' })))
    late.push(await service.ask('PATCH', `/users/${me.userId}`, as(admin, { role: 'ADMIN' })))
    allOf('a stolen session of an admin', late, ['403 step_up_required'])
  },
}

const unlocking: Attack = {
  id: 'Z14',
  tried:
    'guesses without end: unlocks of 20 at once, of an account made anew, of oneself, and at the code that was sent',
  flows: ['phone'],
  needs,
  async run(context) {
    const { service, flow, equal, allOf } = context
    const admin = await joinAsAdmin(context)
    const person = flow.newPerson()
    const victim = await signIn(service, flow, person)
    await service.grey.query('UPDATE otps SET resend_at = now() WHERE identifier = $1', [person.identifier])
    const otp = await flow.sendForCode(person)
    const unlock = (id: string) => service.ask('POST', `/users/${id}/unlock`, as(admin, { reason }))
    const answers = await Promise.all(Array.from({ length: 20 }, () => unlock(victim.userId)))
    equal('unlocked', answers.filter(({ status }) => status === 200).length, 1)
    allOf('at once', answers, [200, '429 rate_limited'])
    const guess = await flow.verify(person, otp)
    equal('the right code of before', `${guess.status} ${guess.code}`, '401 otp_invalid')

    await service.ask('DELETE', `/users/${victim.userId}`, as(admin))
    await service.grey.query('DELETE FROM otps WHERE identifier = $1', [person.identifier])
    const again = await signIn(service, flow, personOf(flow.name, person.identifier))
    equal('made anew', (await unlock(again.userId)).code, 'rate_limited')
    equal('oneself', (await unlock(admin.userId)).code, 'forbidden')
    const other = await join(context)
    const byUser = await service.ask('POST', `/users/${other.userId}/unlock`, as(other, { reason }))
    equal('a user', byUser.code, 'forbidden')
  },
}

const trail: Attack = {
  id: 'Z15',
  tried: 'lines, markup and control characters in reasons, and reasons by users',
  flows: ['phone'],
  needs,
  async run(context) {
    const { service, allOf, equal } = context
    const [admin, me] = [await joinAsAdmin(context), await join(context)]
    const refused: Answer[] = []
    for (const bad of [
      '',
      ' ',
      'a\nb',
      'a\u0000b',
      '\u001b[2J',
      'a\u2028b',
      '\u202etxt',
      '\u2066x',
      'x'.repeat(161),
      7,
      null,
      ['x'],
      { x: 1 },
    ])
      refused.push(await service.ask('POST', `/users/${me.userId}/unlock`, as(admin, { reason: bad })))
    refused.push(await service.ask('DELETE', '/users/me/sessions?reason=x', as(me)))
    refused.push(await service.ask('PATCH', '/users/me', as(me, { user_name: 'Eve', reason: 'x' })))
    refused.push(await service.ask('DELETE', `/users/${me.userId}?reason=a%0Ab`, as(admin)))
    allOf('answers', refused, ['400 validation_failed'])
    const markup = '<img src=x onerror=alert(1)>'
    await service.ask('PATCH', `/users/${me.userId}`, as(admin, { user_name: 'Eve', reason: markup }))
    const { body } = await service.ask('GET', `/users/${me.userId}/events`, as(admin))
    const details = Object(body['data']).map(({ detail }: { detail: string }) => detail)
    equal('kept as it is', details.includes(`user_name; ${markup}`), true)
  },
}

export const helpdesk: readonly Attack[] = [reading, unlocking, trail]
