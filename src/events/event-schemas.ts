// The query and the answer of the list of events.
import { Type } from '@sinclair/typebox'
import { errorResponses, listOf, NullableText, OneOf, signedInErrors } from '../http/responses.js'
import { anyCaseUuidPattern } from '../http/uuid.js'
import { closed, errorLine } from '../http/validation.js'
import { eventTypes } from './event.js'

const id = '019aab5e-7c1e-7000-8000-00000000002a'
const userId = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'

const Data = Type.Object(
  {
    user_id: NullableText({
      format: 'uuid',
      description: 'Whom it happened to; null where that is nobody in particular',
    }),
  },
  {
    title: 'EventData',
    additionalProperties: true,
    description: 'What happened; its members go by the type: docs/events.md',
  },
)

const Event = Type.Object(
  {
    id: Type.String({
      format: 'uuid',
      description:
        'UUIDv7, the `webhook-id` of its webhook; its last 62 bits ascend in the order of the log, its time for one user alone',
    }),
    type: OneOf(eventTypes),
    timestamp: Type.String({ format: 'date-time', description: 'When it happened' }),
    data: Data,
  },
  { title: 'Event' },
)

export const readLog = {
  querystring: Type.Object(
    {
      after: Type.Optional(
        Type.String({
          pattern: anyCaseUuidPattern,
          description:
            'The id of the last event that is known already; without it the list begins with the oldest that is kept',
          examples: [id],
          [errorLine]: 'after must be the id of an event',
        }),
      ),
      type: Type.Optional(OneOf(eventTypes, { description: 'Events of this type alone', examples: ['user.created'] })),
      user_id: Type.Optional(
        Type.String({ pattern: anyCaseUuidPattern, description: 'Events of this user alone', examples: [userId] }),
      ),
      limit: Type.Optional(
        Type.String({
          pattern: '^([1-9][0-9]?|100)$',
          description: 'Events on a page: 1 to 100, 20 where not given',
          examples: ['100'],
          [errorLine]: 'limit must be a whole number from 1 to 100',
        }),
      ),
    },
    closed,
  ),
  response: {
    200: listOf(
      Event,
      NullableText({
        description: 'Where there is more: the id of the last event, to be given as `after`; null at the end',
      }),
      'A page of events, the oldest first',
      {
        success: true,
        data: [
          { id, type: 'user.created', timestamp: '2026-11-22T09:00:00.000Z', data: { user_id: userId, role: 'USER' } },
        ],
        next_cursor: null,
      },
    ),
    ...errorResponses(...signedInErrors, 'forbidden'),
  },
}
