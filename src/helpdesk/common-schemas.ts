// What the schemas of the helpdesk have in common.
import { Type } from '@sinclair/typebox'
import type { ErrorCode } from '../errors.js'
import { NullableText, signedInErrors } from '../http/responses.js'
import { anyCaseUuidPattern } from '../http/uuid.js'
import { closed } from '../http/validation.js'

/** What every call for admins with a recent proof can answer. */
export const adminErrors: readonly ErrorCode[] = [...signedInErrors, 'forbidden', 'step_up_required']

export const params = Type.Object(
  {
    id: Type.String({
      pattern: anyCaseUuidPattern,
      description: 'UUID of the user',
      examples: ['019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'],
    }),
  },
  closed,
)

export const Time = (description: string) => Type.String({ format: 'date-time', description })
export const NullableTime = (description: string) => NullableText({ format: 'date-time', description })
export const network = NullableText({
  description: 'Where from: an IPv4 address without its last byte, or the /64 of an IPv6 address',
})
export const moment = '2026-11-22T09:00:00.000Z'
export const later = '2026-11-29T09:00:00.000Z'
export const requestId = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a13'
