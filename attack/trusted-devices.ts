// O. The owner's lane: strangers can't lock an owner out of a device that signed in before, and can't use the lane themselves.

import { type Attack, bothFlows, type Group, named } from './support/context.js'
import { signIn, wrongCode } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { burnBudget, byCookie, inBody, isLocked, lockedOwner } from './support/lockout.js'
import { forgetCodes } from './support/otp-rows.js'
import { endedLanes } from './trusted-devices-ended.js'

const needs = { words: ['device_token'] }

const notLockedOut: Attack = {
  id: 'O1',
  tried: "strangers burn the budget; the owner's device, by cookie and in the body",
  flows: bothFlows,
  needs,
  async run(context) {
    const { flow, equal } = context
    for (const known of [byCookie, inBody]) {
      const { person, device } = await lockedOwner(context)
      await isLocked(context, flow, person, 'a stranger')
      const code = await flow.sendForCode(person, known(device))
      equal('the device', (await flow.verify(person, code, known(device))).status, 200)
    }
  },
}

const forged: Attack = {
  id: 'O2',
  tried: "forged device tokens, and one of somebody else's device, at a locked owner",
  flows: bothFlows,
  needs,
  async run(context) {
    const { flow, service, allOf, equal } = context
    const { person, device } = await lockedOwner(context)
    const other = await signIn(service, flow, flow.newPerson())
    const tokens = [String(other.deviceToken), `${device}A`, device.slice(0, -1), 'a', "' OR 1=1 --", 'A'.repeat(43)]
    const answers: Answer[] = []
    for (const token of tokens)
      for (const known of [byCookie, inBody]) answers.push(await flow.send(person, known(token)))
    allOf('sends', answers, ['429 rate_limited', '400 validation_failed'])
    const lanes = await service.grey.query('SELECT lane FROM otps WHERE identifier = $1', [person.identifier])
    equal('lanes', lanes.length, 1)
  },
}

const ownBudget: Attack = {
  id: 'O3',
  tried: 'a stolen device token: 8 × (send, 30 wrong guesses) on its lane',
  flows: bothFlows,
  needs,
  async run(context) {
    const { flow, service, expect, note, equal } = context
    const { person, device } = await lockedOwner(context)
    const lane = `identifier = $1 AND lane <> ''`
    for (let round = 0; round < 8; round += 1) {
      await service.grey.query(
        `UPDATE otps SET resend_at = now(), hour_started_at = now() - interval '2 hours' WHERE ${lane}`,
        [person.identifier],
      )
      await service.grey.query('DELETE FROM identifier_limits WHERE identifier = $1', [person.identifier])
      await flow.send(person, byCookie(device))
      const code = service.gateway.lastCode(person.identifier)
      await atOnce(30, (index) => flow.verify(person, wrongCode(code, (index % 9) + 1), byCookie(device)))
    }
    const rows = await service.grey.query<{ failures: number }>(`SELECT failures FROM otps WHERE ${lane}`, [
      person.identifier,
    ])
    const counted = rows.reduce((sum, { failures }) => sum + failures, 0)
    note(`${counted} wrong guesses counted on ${rows.length} lanes`)
    expect(rows.length === 1 && counted === 20, 'the lane has not its own budget of 20')
    equal('then', named(await flow.send(person, byCookie(device))), '429 rate_limited')
  },
}

const otherLanes: Attack = {
  id: 'O4',
  tried: "a code of the device's lane used without the device, and the other way",
  flows: bothFlows,
  needs,
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const { deviceToken } = await signIn(service, flow, person)
    const known = byCookie(String(deviceToken))
    const code = await flow.sendForCode(person, known)
    allOf('without the device', [await flow.verify(person, code)], ['401 otp_invalid'])
    equal('with it', (await flow.verify(person, code, known)).status, 200)
  },
}

const manyDevices: Attack = {
  id: 'O5',
  tried: '11 sign-ins on new devices: the first one is no known device any more',
  flows: bothFlows,
  needs,
  async run(context) {
    const { flow, service, note } = context
    const person = flow.newPerson()
    const devices: string[] = []
    for (let index = 0; index < 11; index += 1) {
      devices.push(String((await signIn(service, flow, person)).deviceToken))
      await forgetCodes(service.grey, person.identifier)
    }
    note(`${new Set(devices).size} tokens`)
    await burnBudget(context, person)
    await isLocked(context, flow, person, 'the first', byCookie(String(devices[0])))
    context.equal('the last', named(await flow.send(person, byCookie(String(devices[10])))), '200')
  },
}

export const lanes: Group = {
  letter: 'O',
  title: "Owner's lane",
  attacks: [notLockedOut, forged, ownBudget, otherLanes, manyDevices, ...endedLanes],
}
