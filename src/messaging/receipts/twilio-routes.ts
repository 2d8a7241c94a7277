// Where Twilio reports what became of an SMS: its status callback, a form signed with the auth token.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Receipt } from '../../audit/deliveries.js'
import { useFormBodies } from '../../http/body-parser.js'
import { clientOf } from '../../http/client.js'
import { isSame } from '../../http/constant-time.js'
import { errorResponses } from '../../http/responses.js'
import { optedOut } from '../drivers/twilio.js'
import { NothingMore, receiptErrors, receiptTag } from './schemas.js'
import type { Receipts } from './service.js'
import { receiptPaths, type TwilioSource, twilioSignature } from './sources.js'

export type TwilioReceiptOptions = { receipts: Receipts; source: TwilioSource }

/** The states that a message stays in. All others are on the way, and may come late and in any order. */
const ends: ReadonlyMap<string, Receipt['status']> = new Map([
  ['delivered', 'delivered'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
])

const StatusCallback = Type.Object(
  {
    MessageSid: Type.String({ pattern: '^[!-~]{1,255}$', description: 'the id of the message' }),
    MessageStatus: Type.String({
      pattern: '^[a-z_]{1,32}$',
      description: 'queued, sent, delivered, undelivered, failed, …',
    }),
    ErrorCode: Type.Optional(Type.String({ pattern: '^[0-9]{0,10}$', description: 'a number, where it failed' })),
  },
  {
    title: 'TwilioStatusCallback',
    // Twilio may add parameters at any time; all of them are signed.
    additionalProperties: true,
    examples: [
      { MessageSid: 'SM0123456789abcdef0123456789abcdef', MessageStatus: 'delivered' },
      { MessageSid: 'SM0123456789abcdef0123456789abcdef', MessageStatus: 'undelivered', ErrorCode: '30005' },
    ],
  },
)

/** Registered only where the driver is in use and PUBLIC_URL is set, which the signature is over. */
export const twilioReceiptRoutes: FastifyPluginAsyncTypebox<TwilioReceiptOptions> = async (app, options) => {
  const { authToken, url } = options.source
  app.removeAllContentTypeParsers()
  useFormBodies(app)

  app.post(
    receiptPaths.twilio,
    {
      config: { isSigned: true },
      schema: {
        operationId: 'twilioStatusCallback',
        summary: 'Twilio reports how a message ended',
        description:
          'Twilio’s status callback; where the driver is not in use it is 404. Signed with the `TWILIO_AUTH_TOKEN` over `PUBLIC_URL` and this path. The first final status of a message stands. States on the way, repeated reports and those of other messages change nothing and are answered alike: Twilio would not try again.',
        tags: [receiptTag],
        security: [{ twilio: [] }],
        consumes: ['application/x-www-form-urlencoded'],
        body: StatusCallback,
        response: { 204: NothingMore, ...errorResponses(...receiptErrors) },
      },
      // Before the schema: whoever cannot sign learns nothing of it.
      preValidation: async (request) => {
        const shown = request.headers['x-twilio-signature']?.toString() ?? ''
        // Our form parser makes nothing else, and no body is a form without parameters.
        const parameters = (request.body ?? {}) as Readonly<Record<string, string>>
        app.requireSignature(request, isSame(shown, twilioSignature(authToken, url, parameters)))
      },
    },
    async (request, reply) => {
      const { MessageSid: messageId, MessageStatus, ErrorCode } = request.body
      const status = ends.get(MessageStatus)
      if (status !== undefined) {
        const reason = status === 'failed' ? [MessageStatus, ErrorCode].filter(Boolean).join(' ') : null
        const hasOptedOut = Number(ErrorCode) === optedOut
        await options.receipts.take(clientOf(request), { driver: 'twilio', messageId, status, reason, hasOptedOut })
      }
      return reply.code(204).send(null)
    },
  )
}
