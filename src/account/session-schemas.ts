// Queries and answers of the routes on one's own sessions.
import { type Static, Type } from '@sinclair/typebox'
import {
  errorResponses,
  NullableText,
  OneOf,
  one,
  Removed,
  refer,
  shortList,
  signedInErrors,
  writingErrors,
} from '../http/responses.js'
import { closed, errorLine } from '../http/validation.js'
import type { ListedSession } from '../sessions/statements.js'
import { endedSessions } from '../users/administration-schemas.js'
import { newDeviceError } from '../users/policies.js'
import { idParams } from '../users/self-schemas.js'

export const SessionSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7' }),
    created_at: Type.String({ format: 'date-time', description: 'When somebody signed in' }),
    last_seen_at: Type.String({ format: 'date-time', description: 'Last use, to about five minutes' }),
    expires_at: Type.String({ format: 'date-time', description: 'When it ends unless it is used' }),
    device: NullableText({ description: 'What the client called itself, in a few words; null where it did not' }),
    network: NullableText({
      description: 'Where from: an IPv4 address without its last byte, or the /64 of an IPv6 address',
    }),
    current: Type.Boolean({ description: 'Whether it is the one that asks' }),
  },
  {
    $id: 'Session',
    description: 'Where and since when a user is signed in',
    examples: [
      {
        id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a12',
        created_at: '2026-11-22T09:00:00.000Z',
        last_seen_at: '2026-11-22T10:15:00.000Z',
        expires_at: '2026-11-29T10:15:00.000Z',
        device: 'Chrome on Android',
        network: '203.0.113.0/24',
        current: true,
      },
    ],
  },
)
const [example] = SessionSchema.examples
const { id } = Object(example)

export function serializeSession(session: ListedSession, currentId: string): Static<typeof SessionSchema> {
  return {
    id: session.id,
    created_at: session.createdAt.toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    device: session.device,
    network: session.network,
    current: session.id === currentId,
  }
}

export const listSessions = {
  response: {
    200: shortList(refer(SessionSchema), 'Newest first, the last 100', example),
    ...errorResponses(...signedInErrors),
  },
}

export const endSession = {
  params: idParams,
  response: {
    200: one(Removed, 'The session is over, and the device that it was opened on is no known one any more', { id }),
    ...errorResponses('not_found', newDeviceError, ...signedInErrors, ...writingErrors),
  },
}

export const endMySessions = {
  querystring: Type.Object(
    {
      others: Type.Optional(
        OneOf(['true'], {
          description: 'All but this one, with their devices. Without it this one ends too, and devices stay',
          [errorLine]: 'others must be true',
        }),
      ),
    },
    closed,
  ),
  response: {
    200: endedSessions('They are over'),
    ...errorResponses(newDeviceError, ...signedInErrors, ...writingErrors),
  },
}
