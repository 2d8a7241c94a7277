// Queries and answers of what admins read of somebody's trail: events and messages, by pages.
import { type Static, Type } from '@sinclair/typebox'
import { errorResponses, listOf, NullableText, OneOf } from '../http/responses.js'
import { closed, errorLine } from '../http/validation.js'
import { adminErrors, moment, network, params, requestId, Time } from './common-schemas.js'
import type { Event } from './pages.js'
import type { SentMessage } from './records.js'

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

/** A page of a list. */
const pageOf = <Item extends ReturnType<typeof Type.Object>>(item: Item, description: string, example: unknown) =>
  listOf(item, NullableText({ description: 'null at the end' }), description, {
    success: true,
    data: [example],
    next_cursor: cursor,
  })

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
