// Queries and answers of the routes on one's own sessions.
import { type Static, Type } from '@sinclair/typebox'
import { errorResponses, refer } from '../http/responses.js'
import { NullableText, OneOf } from '../http/schema-types.js'
import { errorLine } from '../http/validation.js'
import type { ListedSession } from '../sessions/statements.js'
import { closed, one, writingErrors } from './administration-schemas.js'
import { idParams, Removed, selfErrors, shortList } from './self-schemas.js'

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

export function presentSession(session: ListedSession, currentId: string): Static<typeof SessionSchema> {
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
    ...errorResponses(...selfErrors),
  },
}

export const endSession = {
  params: idParams,
  response: {
    200: one(Removed, 'The session is over, and the device that it was opened on is no known one any more', { id }),
    ...errorResponses('not_found', ...selfErrors, ...writingErrors),
  },
}

export const endOtherSessions = {
  querystring: Type.Object(
    {
      others: OneOf(['true'], {
        description:
          'All but this one. To end all of them, this one too: `DELETE /users/{id}/sessions` with your own id',
        [errorLine]: 'others must be true',
      }),
    },
    closed,
  ),
  response: {
    200: one(
      Type.Object({ ended: Type.Integer({ description: 'Other sessions that there were' }) }),
      'This session and this device are all that is left',
      { ended: 2 },
    ),
    ...errorResponses(...selfErrors, ...writingErrors),
  },
}
