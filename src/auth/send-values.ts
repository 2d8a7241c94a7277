// What sends differ in: the shape of their statement, of which there are a few, and the values that fill it.
import type { AuditTrail, EventValues } from '../audit/events.js'
import type { Caller } from '../http/caller.js'
import type { Identifier } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import { type CountryValues, countryValues } from '../limits/sms-gate.js'
import type { OtpPurpose } from '../otp/code.js'
import type { Issue } from '../otp/issue.js'
import type { IssueValues } from '../otp/issue-statements.js'
import type { Asker } from '../sessions/asker.js'
import { deviceHashOf } from '../sessions/devices.js'

/** What a code is for. */
export type CodeUse = Readonly<
  | {
      purpose: 'sign_in'
      /** whether an unknown identifier is to be told, or hidden, instead of getting a code */
      mode: 'any' | 'login'
    }
  | { purpose: 'step_up' | 'change_identifier'; asker: Asker }
>

/** What decides about the text of the statement. */
export type SendShape = Readonly<{
  method: Identifier['method']
  purpose: OtpPurpose
  /** whoever asks says that they are on a device that is known */
  hasDevice: boolean
  /** an unknown identifier is to be told, or hidden, instead of getting a code */
  isLogin: boolean
  /** the code is a fixed one that its owner knows: no message goes out */
  isTest: boolean
}>

/** What is sent along. */
export type SendValues = IssueValues &
  EventValues &
  // Numbers have a country, addresses none.
  Partial<CountryValues> &
  Readonly<{
    deviceHash: Uint8Array<ArrayBuffer> | null
    sendsKey: string
    unknownKey: string
    shard: number
    /** the user who asks; null where nobody has signed in yet */
    askerId: string | null
  }>

export type SendParts = Readonly<{
  identifier: Identifier
  issue: Issue
  caller: Caller
  use: CodeUse
}>

export function sendShape({ identifier, issue, caller, use }: SendParts): SendShape {
  return {
    method: identifier.method,
    purpose: use.purpose,
    hasDevice: caller.deviceToken !== undefined,
    isLogin: use.purpose === 'sign_in' && use.mode === 'login',
    isTest: issue.isTest,
  }
}

export function sendValues(
  { identifier, issue, caller, use }: SendParts,
  limits: Limits,
  audit: AuditTrail,
): SendValues {
  return {
    ...issue.values,
    ...audit.valuesOf(caller, identifier.identifier),
    ...(identifier.method === 'phone' && countryValues(identifier.country)),
    ...limits.sendKeysOf(caller.block),
    deviceHash: deviceHashOf(caller),
    shard: anyShard(),
    askerId: use.purpose === 'sign_in' ? null : use.asker.userId,
  }
}
