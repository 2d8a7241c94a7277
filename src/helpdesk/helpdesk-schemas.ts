// Bodies and answers of what admins read of a user as it is now, to help them, and of unlocking.
import { type Static, Type } from '@sinclair/typebox'
import { errorResponses, NullableText, OneOf, one, shortList, writingErrors } from '../http/responses.js'
import { closed } from '../http/validation.js'
import { Reason } from '../users/administration-schemas.js'
import { adminErrors, later, moment, NullableTime, network, params, Time } from './common-schemas.js'
import type { IdentifierLimits } from './records.js'

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
    200: shortList(UserSession, 'Newest first, the last 100', {
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
    200: shortList(UserDevice, 'The last used first, 100 at most', {
      id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a14',
      created_at: moment,
      last_used_at: moment,
      expires_at: later,
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
    200: shortList(UserLimits, 'The phone, then the email', {
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
