// O. The ends of a lane: with the device's time, the account, the number; and what a lane lets through at a crowded address.

import { type Attack, bothFlows, named } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import { burnBudget, byCookie, isLocked, lockedOwner } from './support/lockout.js'
import { forgetCodes } from './support/otp-rows.js'

const ended: Attack = {
  id: 'O6',
  tried: "a device's lane after its other sessions were revoked, after deletion of the account",
  flows: ['phone', 'email'],
  needs: { words: ['device_token'], routes: ['DELETE /users/me/sessions'] },
  async run(context) {
    const { flow, service, equal } = context
    const { person, device } = await lockedOwner(context)
    await forgetCodes(service.grey, person.identifier)
    const second = await signIn(service, flow, person)
    const headers = { authorization: `Bearer ${second.token}` }
    equal('revoked', (await service.ask('DELETE', '/users/me/sessions?others=true', { headers })).status, 200)
    await forgetCodes(service.grey, person.identifier)
    await burnBudget(context, person)
    await isLocked(context, flow, person, 'the other device', byCookie(device))
    equal('deleted', (await service.ask('DELETE', '/users/me', { headers })).status, 200)
    await isLocked(context, flow, person, 'after deletion', byCookie(String(second.deviceToken)))
  },
}

const over: Attack = {
  id: 'O7',
  tried: 'the device of a locked owner: expired, of a disabled account, of a number that has moved',
  flows: bothFlows,
  needs: { words: ['device_token'] },
  async run(context) {
    const { flow, service } = context
    const { person, device, owner } = await lockedOwner(context)
    const ends = {
      expired: [
        `UPDATE devices SET expires_at = now() WHERE user_id = $1`,
        `UPDATE devices SET expires_at = now() + interval '1 day' WHERE user_id = $1`,
      ],
      disabled: [
        'UPDATE users SET disabled_at = now() WHERE id = $1',
        'UPDATE users SET disabled_at = NULL WHERE id = $1',
      ],
      moved: [
        `UPDATE users SET phone = '+919000000001', email = NULL, email_verified_at = NULL WHERE id = $1`,
        'DELETE FROM users WHERE id = $1',
      ],
    }
    for (const [name, [end = '', undo = '']] of Object.entries(ends)) {
      await service.grey.query(end, [owner.userId])
      await isLocked(context, flow, person, name, byCookie(device))
      await service.grey.query(undo, [owner.userId])
    }
  },
}

const crowdedAddress: Attack = {
  id: 'O8',
  tried: "an address past IP_SEND_PER_HOUR=3: the owner's device, and the same device for somebody else",
  flows: bothFlows,
  needs: { words: ['device_token'], settings: ['IP_SEND_PER_HOUR'] },
  async run({ fixtures, flow: { name }, equal }) {
    const service = await fixtures.ownService({ IP_SEND_PER_HOUR: '3' })
    const flow = createFlow(name, service)
    const owner = flow.newPerson()
    const known = byCookie(String((await signIn(service, flow, owner)).deviceToken))
    for (let sends = 0; sends < 3; sends += 1) await flow.send(flow.newPerson())
    equal('a stranger', named(await flow.send(flow.newPerson())), '429 rate_limited')
    equal('the owner', named(await flow.send(owner, known)), '200')
    equal('for somebody else', named(await flow.send(flow.newPerson(), known)), '429 rate_limited')
  },
}

export const endedLanes: readonly Attack[] = [ended, over, crowdedAddress]
