// Where the gateway behind the driver `webhook` reports what became of a message: signed as Standard Webhooks.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Problem } from '../../errors.js'
import { clientOf } from '../../http/client.js'
import { errorResponses, OneOf } from '../../http/responses.js'
import { closed } from '../../http/validation.js'
import { NothingMore, receiptErrors, receiptTag } from './schemas.js'
import type { Receipts } from './service.js'
import { isSignedWebhook, receiptPaths } from './sources.js'

export type WebhookReceiptOptions = {
  receipts: Receipts
  /** of SENDER_WEBHOOK_SECRET, decoded */
  key: Uint8Array
}

const Headers = Type.Object({
  'webhook-id': Type.String({ description: 'Of this call', examples: ['msg_receipt_1'] }),
  'webhook-timestamp': Type.String({
    description: 'Seconds since 1970, at most 5 minutes from now',
    examples: ['1767225600'],
  }),
  'webhook-signature': Type.String({
    description: '`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`; several are separated by spaces',
    examples: ['v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc='],
  }),
})

const Receipt = Type.Object(
  {
    message_id: Type.String({
      pattern: '^[!-~]{1,255}$',
      description: 'the webhook-id that the message came with',
      examples: ['msg_01976b9e-8a40-7c3b-9d1f-2f6f0c1a7e55'],
    }),
    status: OneOf(['delivered', 'failed'], { description: 'How the message ended' }),
    reason: Type.Optional(
      Type.String({
        format: 'text',
        description:
          'Why it failed, in a few words; numbers and addresses in it are not kept. `recipient_opted_out`: the number gets no message for a day',
      }),
    ),
  },
  {
    title: 'DeliveryReceipt',
    ...closed,
    examples: [
      { message_id: 'msg_01976b9e-8a40-7c3b-9d1f-2f6f0c1a7e55', status: 'delivered' },
      { message_id: 'msg_01976b9e-8a40-7c3b-9d1f-2f6f0c1a7e55', status: 'failed', reason: 'handset is off' },
    ],
  },
)

/** Registered only where the driver is in use. */
export const webhookReceiptRoutes: FastifyPluginAsyncTypebox<WebhookReceiptOptions> = async (app, options) => {
  app.post(
    receiptPaths.webhook,
    {
      config: { isSigned: true },
      schema: {
        operationId: 'reportDelivery',
        summary: 'A gateway reports how a message ended',
        description:
          'For the gateway behind the driver `webhook`; where that is not in use it is 404. Signed as Standard Webhooks with the `SENDER_WEBHOOK_SECRET`. The first report of a message stands; the same again, and another after it, change nothing and are answered alike. On 404, 429 and 5xx, report again later: the id of a message is known a moment after the gateway took it.',
        tags: [receiptTag],
        security: [{ standardWebhooks: [] }],
        headers: Headers,
        body: Receipt,
        response: { 204: NothingMore, ...errorResponses('not_found', ...receiptErrors) },
      },
      // Before the schemas: whoever cannot sign learns nothing of them.
      preValidation: async (request) => {
        const { headers, rawBody } = request
        app.requireSignature(request, rawBody !== null && isSignedWebhook(headers, rawBody, options.key))
      },
    },
    async (request, reply) => {
      const { message_id: messageId, status, reason = null } = request.body
      const hasOptedOut = status === 'failed' && reason === 'recipient_opted_out'
      const end = { driver: 'webhook', messageId, status, reason, hasOptedOut }
      const isOurs = await options.receipts.take(clientOf(request), end)
      if (!isOurs) throw new Problem('not_found', { errors: ['There is no message of this message_id'] })
      return reply.code(204).send(null)
    },
  )
}
