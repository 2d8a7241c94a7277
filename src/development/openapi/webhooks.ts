// What the service sends to endpoints of the product, for whoever generates types from the document (OpenAPI 3.1, `webhooks`).
import type { Json, Schemas } from './schemas.js'

const text = (description: string, more: Json = {}): Json => ({ type: 'string', description, ...more })
const nullable = (description: string): Json => ({ type: ['string', 'null'], description })

/** Standard Webhooks 1.0. */
const parameters = [
  {
    name: 'webhook-id',
    in: 'header',
    required: true,
    description: 'The same whenever it comes again: take each once',
    schema: { type: 'string' },
    example: '019aab5e-7c1e-7000-8000-00000000002a',
  },
  {
    name: 'webhook-timestamp',
    in: 'header',
    required: true,
    description: 'Seconds since 1970 at which it was signed',
    schema: { type: 'string' },
    example: '1795338000',
  },
  {
    name: 'webhook-signature',
    in: 'header',
    required: true,
    description:
      '`v1,` and the base64 of HMAC-SHA256 over id, time and body; more than one while secrets are exchanged',
    schema: { type: 'string' },
    example: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
]

const signupRequested = {
  title: 'SignupRequested',
  type: 'object',
  properties: {
    type: text('Always `signup.requested`', { const: 'signup.requested' }),
    timestamp: text('When it is asked', { format: 'date-time' }),
    data: {
      title: 'SignupRequestedData',
      type: 'object',
      description: 'Who is about to get an account: one of phone and email, which they have proved',
      properties: {
        method: text('Which of both there is', { enum: ['phone', 'email'] }),
        phone: text('E.164'),
        email: text('Canonical'),
        country: nullable('ISO 3166-1 of a phone; null for an email'),
        user_name: nullable('Known in the mobile flow alone'),
        locale: nullable('BCP 47; null where the client told no language'),
        network: text('The network of the client, not its address'),
      },
      required: ['method', 'country', 'user_name', 'locale', 'network'],
    },
  },
  required: ['type', 'timestamp', 'data'],
}

const signupVerdict = {
  title: 'SignupVerdict',
  type: 'object',
  properties: {
    allow: { type: 'boolean', description: 'Whether the account is made' },
    message: text('Why not, for people: one line', { maxLength: 200 }),
    public_metadata: {
      type: 'object',
      additionalProperties: true,
      description: 'Of the account that is made: at most 4096 bytes of JSON',
    },
  },
  required: ['allow'],
}

const outgoingMessage = {
  title: 'OutgoingMessage',
  type: 'object',
  properties: {
    to: text('E.164, or an email'),
    channel: text('By which it is to go', { enum: ['sms', 'email'] }),
    code: text('The code that is in it; a notice has none'),
    message: text('All of it, as people read it'),
    locale: text('BCP 47: the language that it is in'),
    expires_in: { type: 'integer', description: 'Seconds for which the code is good; a notice has none' },
  },
  required: ['to', 'channel', 'message', 'locale'],
}

/** @param schemas which has `Event` from its route, and gets the others */
export function webhooksOf(schemas: Schemas): Json {
  const webhook = (operation: Json, schema: Json, example: Json, responses: Json): Json => ({
    post: {
      ...operation,
      security: [],
      parameters,
      requestBody: { required: true, content: { 'application/json': { schema, example } } },
      responses,
    },
  })
  return {
    beforeSignup: webhook(
      {
        operationId: 'receiveSignupRequest',
        summary: 'May this account be made?',
        description:
          'Sent to `HOOK_BEFORE_SIGNUP`, once an identifier is proved. Within 2 seconds, connecting included; 8 kB at most.',
        tags: ['Events'],
      },
      schemas.shown(signupRequested),
      {
        type: 'signup.requested',
        timestamp: '2026-11-22T09:00:00.000Z',
        data: {
          method: 'email',
          email: 'asha@example.com',
          country: null,
          user_name: null,
          locale: 'en',
          network: '203.0.113.0/24',
        },
      },
      {
        200: {
          description: 'The verdict; any other status is none',
          content: {
            'application/json': {
              schema: schemas.shown(signupVerdict),
              examples: {
                letIn: { value: { allow: true, public_metadata: { plan: 'free' } } },
                refused: { value: { allow: false, message: 'By invitation only' } },
              },
            },
          },
        },
      },
    ),
    event: webhook(
      {
        operationId: 'receiveEvent',
        summary: 'Something happened to a user',
        description:
          'Sent to each of `EVENT_WEBHOOKS`, at least once, in order for each user; again for 24 hours until the answer is 2xx.',
        tags: ['Events'],
      },
      { $ref: '#/components/schemas/Event' },
      {
        id: '019aab5e-7c1e-7000-8000-00000000002a',
        type: 'user.created',
        timestamp: '2026-11-22T09:00:00.000Z',
        data: { user_id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10', role: 'USER' },
      },
      { '2XX': { description: 'Stored: it does not come again. Within 10 seconds' } },
    ),
    message: webhook(
      {
        operationId: 'receiveMessage',
        summary: 'A message to be delivered',
        description: 'Sent to `SENDER_WEBHOOK_URL` by the driver `webhook`. Within 3 seconds.',
        tags: ['Delivery receipts'],
      },
      schemas.shown(outgoingMessage),
      {
        to: '+919876543210',
        channel: 'sms',
        code: '123456',
        message: '123456 is your code for Latchkey.',
        locale: 'en',
        expires_in: 300,
      },
      {
        '2XX': { description: 'Taken. Its `webhook-id` is the id in receipts' },
        '4XX': {
          description: 'Refused; the reason says whom that is about',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: {
                  reason: text('Whom it is about', {
                    enum: ['recipient_opted_out', 'recipient_refused', 'sender_refused'],
                  }),
                },
              },
              example: { reason: 'recipient_opted_out' },
            },
          },
        },
      },
    ),
  }
}
