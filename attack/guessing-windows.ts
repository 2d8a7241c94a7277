// A. What is counted stays counted: past the cleanup, in the other flow, in other spellings. What was no guess is not counted.

import { type Attack, bothFlows } from './support/context.js'
import { wrongCode } from './support/flows.js'
import { atOnce } from './support/http.js'
import { burnBudget } from './support/lockout.js'
import { countOtpRows, endCooldown, expireCode, otpRow } from './support/otp-rows.js'
import { startProgram } from './support/process.js'

const invalid = ['401 otp_invalid']

export const afterCleanup: Attack = {
  id: 'A5',
  tried: 'budget burnt, code expired, cleanup run, then a new code',
  flows: bothFlows,
  async run(context) {
    const { flow, service, equal, allOf } = context
    const person = flow.newPerson()
    await burnBudget(context, person)
    await expireCode(service.grey, person.identifier)
    const cleanup = startProgram('cli/cleanup.js', { DATABASE_URL: service.grey.url })
    equal('cleanup ends with', await cleanup.exited, 0)
    allOf('send', [await flow.send(person)], ['429 rate_limited'])
    equal('wrong counted', (await otpRow(service.grey, person.identifier))?.failures, 20)
  },
}

export const sendsAfterCleanup: Attack = {
  id: 'A5b',
  tried: 'the sends of a day spent, code expired, cleanup run, then one more',
  flows: bothFlows,
  settings: { OTP_MAX_SENDS_PER_DAY: '3' },
  async run({ flow, service, equal, allOf }) {
    const person = flow.newPerson()
    for (let sends = 0; sends < 3; sends += 1) {
      await flow.sendForCode(person)
      await endCooldown(service.grey, person.identifier)
    }
    await expireCode(service.grey, person.identifier)
    const cleanup = startProgram('cli/cleanup.js', { DATABASE_URL: service.grey.url })
    equal('cleanup ends with', await cleanup.exited, 0)
    allOf('one more', [await flow.send(person)], ['429 rate_limited'])
  },
}

export const otherWays: Attack = {
  id: 'A6',
  tried: 'budget burnt, then on in the other flow and other spellings',
  flows: bothFlows,
  async run(context) {
    const { flow, service, allOf, equal } = context
    const person = flow.newPerson()
    const code = await burnBudget(context, person)
    const spellings = person.identifier.startsWith('+91')
      ? phoneSpellings(person.identifier)
      : emailSpellings(person.identifier)
    const verify = (path: string, fields: object) => service.ask('POST', path, { json: { ...fields, otp: code } })
    const send = (path: string, fields: object) => service.ask('POST', path, { json: fields })
    allOf(
      'right code',
      await atOnce(spellings.length, (index) => verify(...pathsOf(spellings[index], 'verify'))),
      invalid,
    )
    allOf('sends', await atOnce(spellings.length, (index) => send(...pathsOf(spellings[index], 'send'))), [
      '429 rate_limited',
    ])
    const row = await otpRow(service.grey, person.identifier)
    equal('wrong counted', row?.failures, 20)
    equal('rows', await countOtpRows(service.grey, [person.identifier, ...spellings.flatMap(Object.values)]), 1)
  },
}

type Spelling = Record<string, string>

function phoneSpellings(identifier: string): Spelling[] {
  const number = identifier.slice(3)
  const [start, end] = [number.slice(0, 5), number.slice(5)]
  const written = [number, `0${number}`, `${start} ${end}`, `${start}-${end}`, `(${start}) ${end}`, `0${start}.${end}`]
  return written.flatMap((text) => [{ mobile_number: text }, { phonePrefix: '+91', phone: text }])
}

const emailSpellings = (identifier: string): Spelling[] =>
  [identifier, identifier.toUpperCase(), ` ${identifier} `].map((email) => ({ email }))

function pathsOf(spelling: Spelling | undefined, call: 'send' | 'verify'): [string, Spelling] {
  const fields = spelling ?? {}
  const [send, verify] =
    'mobile_number' in fields
      ? ['/api/auth/send-otp', '/api/auth/verify-otp']
      : ['/auth/request-otp', '/auth/verify-otp']
  return [call === 'send' ? send : verify, fields]
}

export const lockout: Attack = {
  id: 'A8',
  tried: '60 guesses at used, expired and exhausted codes, to lock their owner out',
  flows: bothFlows,
  async run({ flow, service, allOf, equal }) {
    const used = flow.newPerson()
    const usedCode = await flow.sendForCode(used)
    await flow.verify(used, usedCode)
    const expired = flow.newPerson()
    await flow.sendForCode(expired)
    await expireCode(service.grey, expired.identifier)
    const exhausted = flow.newPerson()
    const exhaustedCode = await flow.sendForCode(exhausted)
    await atOnce(5, () => flow.verify(exhausted, wrongCode(exhaustedCode)))
    const targets = [used, expired, exhausted]
    allOf('answers', await atOnce(60, (index) => flow.verify(targets[index % 3] ?? used, wrongCode(usedCode))), invalid)
    const rows = await atOnce(3, (index) => otpRow(service.grey, String(targets[index]?.identifier)))
    equal(
      'wrong counted',
      rows.map((row) => row?.failures),
      [0, 0, 5],
    )
    await endCooldown(service.grey, used.identifier)
    equal('owner gets in again', (await flow.verify(used, await flow.sendForCode(used))).status, 200)
  },
}
