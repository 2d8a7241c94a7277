// Queries, bodies and answers of what admins read of a user to help them.
import { type Static, Type } from '@sinclair/typebox'
import type { ErrorCode } from '../errors.js'
import { errorResponses, listOf, NullableText, OneOf, one, signedInErrors, writingErrors } from '../http/responses.js'
import { anyCaseUuidPattern } from '../http/uuid.js'
import { closed, errorLine } from '../http/validation.js'
import { Reason } from '../users/administration-schemas.js'
import type { Event } from './pages.js'
import type { IdentifierLimits, SentMessage } from './records.js'

const adminErrors: readonly ErrorCode[] = [...signedInErrors, 'forbidden', 'step_up_required']

const params = Type.Object(
  {
    id: Type.String({
      pattern: anyCaseUuidPattern,
      description: 'UUID of the user',
      examples: ['019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'],
    }),
  },
  closed,
)

const cursor = 'WyIyMDI2LTExLTIyVDA5OjAwOjAwLjAwMFoiLCI0MiJd'
const pageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({
        pattern: '^([1-9][0-9]?|100)$',
        description: 'Rows on a page: 1 to 100, 20 where not given',
        examples: ['20'],
        [errorLine]: 'limit must be a whole number from 1 to 100',
      }),
    ),
    cursor: Type.Optional(
      Type.String({ maxLength: 200, description: 'The `next_cursor` of the page before', examples: [cursor] }),
    ),
  },
  closed,
)

const Time = (description: string) => Type.String({ format: 'date-time', description })
const NullableTime = (description: string) => NullableText({ format: 'date-time', description })
const network = NullableText({
  description: 'Where from: an IPv4 address without its last byte, or the /64 of an IPv6 address',
})
const moment = '2026-11-22T09:00:00.000Z'
const later = '2026-11-29T09:00:00.000Z'
const requestId = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a13'

/** A list that is short enough for one answer. */
const wholeList = <Item extends ReturnType<typeof Type.Object>>(item: Item, description: string, example: unknown) =>
  listOf(item, Type.Null({ description: 'Always null: the list is whole' }), description, {
    success: true,
    data: [example],
    next_cursor: null,
  })

/** A page of a list. */
const pageOf = <Item extends ReturnType<typeof Type.Object>>(item: Item, description: string, example: unknown) =>
  listOf(item, NullableText({ description: 'null at the end' }), description, {
    success: true,
    data: [example],
    next_cursor: cursor,
  })

const HelpdeskStanding = Type.Object(
  {
    disabled_at: NullableTime('Since when the user is kept out; null where they are not'),
    phone_verified_at: NullableTime('Since when the phone is proven; null where it is a claim or there is none'),
    email_verified_at: NullableTime('The same of the email'),
  },
  { title: 'HelpdeskStanding' },
)

export const readStanding = {
  params,
  response: {
    200: one(HelpdeskStanding, 'Whether they are kept out, and what they have proven', {
      disabled_at: null,
      phone_verified_at: moment,
      email_verified_at: null,
    }),
    ...errorResponses('not_found', ...adminErrors),
  },
}

const UserSession = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    device: NullableText({ description: 'What the client called itself, in a few words; null where it did not' }),
    network,
    created_at: Time('When somebody signed in'),
    last_seen_at: Time('Last use, to about five minutes'),
    expires_at: Time('When it ends unless it is used'),
    proved_at: Time('The last proof of an identifier in it'),
  },
  { title: 'UserSession' },
)

export const readSessions = {
  params,
  response: {
    200: wholeList(UserSession, 'Newest first, the last 100', {
      id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a12',
      device: 'Chrome on Android',
      network: '203.0.113.0/24',
      created_at: moment,
      last_seen_at: moment,
      expires_at: later,
      proved_at: moment,
    }),
    ...errorResponses('not_found', ...adminErrors),
  },
}

const UserDevice = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    created_at: Time('When it became a known one'),
    last_used_at: Time('The last sign-in on it'),
    expires_at: Time('When it is a known one no more'),
  },
  { title: 'UserDevice' },
)

export const readDevices = {
  params,
  response: {
    200: wholeList(UserDevice, 'The last used first, 100 at most', {
      id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a14',
      created_at: moment,
      last_used_at: moment,
      expires_at: later,
    }),
    ...errorResponses('not_found', ...adminErrors),
  },
}

const UserEvent = Type.Object(
  {
    id: Type.String({ description: 'A number that grows' }),
    happened_at: Time('When'),
    event: Type.String({ description: 'In the words of the OWASP Logging Vocabulary' }),
    detail: NullableText({ description: 'More of it in a few words, a reason among them' }),
    network,
    request_id: NullableText({ description: 'The `x-request-id` of the call' }),
    actor_id: NullableText({ description: 'Who did it, where that is somebody else' }),
  },
  { title: 'UserEvent' },
)

export const readEvents = {
  params,
  querystring: pageQuery,
  response: {
    200: pageOf(UserEvent, 'Newest first', {
      id: '42',
      happened_at: moment,
      event: 'authn_login_fail',
      detail: null,
      network: '203.0.113.0/24',
      request_id: requestId,
      actor_id: null,
    }),
    ...errorResponses('not_found', ...adminErrors),
  },
}

const MessageReceipt = Type.Object(
  {
    happened_at: Time('When the provider told'),
    status: OneOf(['delivered', 'failed']),
    detail: NullableText({ description: 'The reason that it gave' }),
  },
  { title: 'MessageReceipt' },
)

const UserMessage = Type.Object(
  {
    id: Type.String({ description: 'A number that grows' }),
    happened_at: Time('When'),
    outcome: OneOf(['accepted', 'refused', 'uncertain', 'limited'], {
      description: '`limited`: nothing was sent, `detail` names the limit',
    }),
    channel: NullableText({ description: '`sms` or `email`' }),
    country: NullableText({ description: 'Of SMS, ISO 3166-1 alpha-2' }),
    driver: NullableText({ description: 'Who took the message' }),
    detail: NullableText({ description: 'More of it in a few words' }),
    request_id: NullableText({ description: 'The `x-request-id` of the call' }),
    receipts: Type.Array(MessageReceipt, { description: 'What the provider told of it later' }),
  },
  { title: 'UserMessage' },
)

export const readMessages = {
  params,
  querystring: pageQuery,
  response: {
    200: pageOf(UserMessage, 'Newest first', {
      id: '41',
      happened_at: moment,
      outcome: 'accepted',
      channel: 'sms',
      country: 'IN',
      driver: 'twilio',
      detail: null,
      request_id: requestId,
      receipts: [{ happened_at: moment, status: 'delivered', detail: null }],
    }),
    ...errorResponses('not_found', ...adminErrors),
  },
}

const Method = OneOf(['phone', 'email'], { examples: ['phone'] })

const UserLimits = Type.Object(
  {
    method: Method,
    sends_left_hour: Type.Integer({ description: 'Messages that it may still be sent in this hour' }),
    sends_left_day: Type.Integer({ description: 'The same in these 24 hours' }),
    failures_left: Type.Integer({ description: 'Wrong guesses until it is locked' }),
    locked_until: NullableTime('Until when no code is taken; null where one is'),
    resend_at: NullableTime('When the next message may be sent; null for now'),
    unlock_allowed_at: NullableTime('When it may be unlocked again; null for now'),
  },
  { title: 'UserLimits' },
)

export const readLimits = {
  params,
  response: {
    200: wholeList(UserLimits, 'The phone, then the email', {
      method: 'phone',
      sends_left_hour: 0,
      sends_left_day: 5,
      failures_left: 18,
      locked_until: null,
      resend_at: moment,
      unlock_allowed_at: null,
    }),
    ...errorResponses('not_found', ...adminErrors),
  },
}

const Unlocked = Type.Object({ unlocked: Type.Array(Method) }, { title: 'Unlocked' })

export const unlockUser = {
  params,
  body: Type.Object(
    { reason: Reason, method: Type.Optional(Method) },
    {
      title: 'UnlockRequest',
      ...closed,
      description: 'The reason, and which of the two; both where it is left out',
      examples: [{ reason: 'Typed an old code again and again, called us', method: 'phone' }],
    },
  ),
  response: {
    200: one(Unlocked, 'They may be sent codes and guess again; codes that were under way are over', {
      unlocked: ['phone'],
    }),
    ...errorResponses('not_found', 'rate_limited', ...adminErrors, ...writingErrors),
  },
}

const iso = (time: Date | null) => time?.toISOString() ?? null

export function serializeStanding(standing: Record<'disabledAt' | 'phoneVerifiedAt' | 'emailVerifiedAt', Date | null>) {
  return {
    disabled_at: iso(standing.disabledAt),
    phone_verified_at: iso(standing.phoneVerifiedAt),
    email_verified_at: iso(standing.emailVerifiedAt),
  }
}

export function serializeSession(
  session: Record<keyof Timed, Date> & { id: string; device: string | null; network: string | null },
) {
  return {
    id: session.id,
    device: session.device,
    network: session.network,
    created_at: session.createdAt.toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    proved_at: session.provedAt.toISOString(),
  }
}
type Timed = { createdAt: Date; lastSeenAt: Date; expiresAt: Date; provedAt: Date }

export function serializeDevice(device: { id: string; createdAt: Date; lastUsedAt: Date; expiresAt: Date }) {
  return {
    id: device.id,
    created_at: device.createdAt.toISOString(),
    last_used_at: device.lastUsedAt.toISOString(),
    expires_at: device.expiresAt.toISOString(),
  }
}

export function serializeEvent(event: Event): Static<typeof UserEvent> {
  return {
    id: String(event.id),
    happened_at: event.happenedAt.toISOString(),
    event: event.event,
    detail: event.detail,
    network: event.network,
    request_id: event.requestId,
    actor_id: event.actorId,
  }
}

const outcomes = {
  delivery_accepted: 'accepted',
  delivery_refused: 'refused',
  delivery_uncertain: 'uncertain',
} as const

export function serializeMessage(message: SentMessage): Static<typeof UserMessage> {
  return {
    id: String(message.id),
    happened_at: message.happenedAt.toISOString(),
    outcome: outcomes[message.event as keyof typeof outcomes] ?? 'limited',
    channel: message.channel,
    country: message.country,
    driver: message.driver,
    detail: message.detail,
    request_id: message.requestId,
    receipts: message.receipts.map((receipt) => ({
      happened_at: receipt.happenedAt.toISOString(),
      status: receipt.event === 'delivery_confirmed' ? 'delivered' : 'failed',
      detail: receipt.detail,
    })),
  }
}

export function serializeLimits(limits: IdentifierLimits): Static<typeof UserLimits> {
  return {
    method: limits.method,
    sends_left_hour: limits.sendsLeftHour,
    sends_left_day: limits.sendsLeftDay,
    failures_left: limits.failuresLeft,
    locked_until: iso(limits.lockedUntil),
    resend_at: iso(limits.resendAt),
    unlock_allowed_at: iso(limits.unlockAllowedAt),
  }
}
