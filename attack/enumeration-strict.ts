// N. ACCOUNT_DISCLOSURE=strict: login mode answers an unknown number as a known one, byte for byte.

import { type Attack, type AttackContext, named } from './support/context.js'
import type { Service } from './support/fixtures.js'
import { createFlow, type Flow, type Person, signIn, wrongCode } from './support/flows.js'
import type { Answer } from './support/http.js'
import { looks } from './support/looks.js'
import { endCooldown, forgetBudgets, forgetCodes, otpRow } from './support/otp-rows.js'

const settings = { ACCOUNT_DISCLOSURE: 'strict' }
const needs = { settings: ['ACCOUNT_DISCLOSURE'] }
const login = { fields: { mode: 'login' } }

/** A known and an unknown person, neither of whom was sent anything lately. */
async function pair(service: Service, flow: Flow): Promise<[Person, Person]> {
  const [known, unknown] = [flow.newPerson(), flow.newPerson()]
  // By the other flow's words, so that nothing is left in the mobile one; then as if that were days ago.
  await signIn(service, flow, known)
  await forgetCodes(service.grey, known.identifier)
  return [known, unknown]
}

/** Without what ticks between two people: how long to wait, and a cooldown that is the rest of an hour. */
const withoutWaits = (answer: Answer) =>
  looks(answer)
    .replaceAll(/retry[_-]after\\?":\\?"?\d+/g, 'wait')
    .replaceAll(/resend_after\\?":\d{4,}/g, 'wait')

/** An attack that holds what is told of a known person against what is told of an unknown one. */
function comparison(
  id: string,
  tried: string,
  compare: (context: AttackContext, known: Person, unknown: Person) => Promise<void>,
): Attack {
  const run = async (context: AttackContext) => {
    const people = await pair(context.service, context.flow)
    // As if the known one had not been sent a code before.
    await forgetBudgets(context.service.grey)
    await compare(context, ...people)
  }
  return { id, tried, settings, needs, run }
}

const sends = comparison(
  'N5',
  'strict: login mode for a known and an unknown number, sends and resends',
  async ({ service, flow, equal }, known, unknown) => {
    const walk = async (person: Person) => {
      const answers = [await flow.send(person, login), await flow.send(person, login)]
      for (let round = 0; round < 6; round += 1) {
        // Only the cooldown: the hour's budget is to be met.
        await service.grey.query(`UPDATE otps SET resend_at = now() - interval '1 second' WHERE identifier = $1`, [
          person.identifier,
        ])
        answers.push(await flow.send(person, login))
      }
      return answers
    }
    const [ofKnown, ofUnknown] = [await walk(known), await walk(unknown)]
    equal('first', ofUnknown[0] && named(ofUnknown[0]), '200')
    equal('alike', ofKnown.map(withoutWaits).join('\n') === ofUnknown.map(withoutWaits).join('\n'), true)
    equal(
      'statuses',
      ofUnknown.map(({ status }) => status),
      ofKnown.map(({ status }) => status),
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    equal('messages to the unknown one', service.gateway.to(unknown.identifier).length, 0)
  },
)

const guesses = comparison(
  'N5b',
  'strict: guesses at a known and an unknown number, until locked',
  async ({ service, flow, equal }, known, unknown) => {
    const walk = async (person: Person) => {
      const answers: Answer[] = []
      for (let round = 0; round < 6; round += 1) {
        await endCooldown(service.grey, person.identifier)
        answers.push(await flow.send(person, login))
        const code = service.gateway.lastCode(known.identifier)
        for (let step = 1; step <= 6; step += 1) answers.push(await flow.verify(person, wrongCode(code, step)))
      }
      return answers.map(withoutWaits).join('\n')
    }
    equal('alike', (await walk(known)) === (await walk(unknown)), true)
    const rows = [await otpRow(service.grey, known.identifier), await otpRow(service.grey, unknown.identifier)]
    equal(
      'wrong counted',
      rows.map((row) => row?.failures),
      [20, 20],
    )
  },
)

const failingGateway: Attack = {
  id: 'N5c',
  tried: 'strict: a gateway that refuses or is slow tells nothing',
  needs,
  async run({ fixtures, equal, expect }) {
    const service = await fixtures.ownService(settings)
    const flow = createFlow('mobile', service)
    const [known, unknown] = await pair(service, flow)
    service.gateway.behaviour.status = 400
    equal('refusing', withoutWaits(await flow.send(known, login)), withoutWaits(await flow.send(unknown, login)))
    await new Promise((resolve) => setTimeout(resolve, 300))
    equal('again', withoutWaits(await flow.send(known, login)), withoutWaits(await flow.send(unknown, login)))
    service.gateway.behaviour.status = 204
    service.gateway.behaviour.delayMilliseconds = 4_500
    const [slow, other] = await pair(service, flow).then(async ([one, two]) => [
      await flow.send(one, login),
      await flow.send(two, login),
    ])
    expect(Number(slow?.milliseconds) < 4_000, `the known one waited ${slow?.milliseconds} ms`)
    equal('slow', slow && looks(slow), other && looks(other))
  },
}

export const strictMode: readonly Attack[] = [sends, guesses, failingGateway]
