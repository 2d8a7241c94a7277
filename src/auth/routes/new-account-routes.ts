// For clients of both flows: an account of one's own where a number or address leads to somebody else's (RECYCLE_AFTER).
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { clientOf } from '../../http/client.js'
import { errorResponses, Success, writingErrors } from '../../http/responses.js'
import { closed } from '../../http/validation.js'
import type { AskForNewAccount } from '../recycled.js'
import { examples } from './examples.js'
import { RecycleToken } from './schemas.js'

export type NewAccountOptions = { askForNewAccount: AskForNewAccount }

export const newAccountRoutes: FastifyPluginAsyncTypebox<NewAccountOptions> = async (app, { askForNewAccount }) => {
  app.post(
    '/new-account',
    {
      schema: {
        operationId: 'askForNewAccount',
        summary: 'Ask for an account of one’s own, with a number or address that leads to somebody else’s',
        description:
          'After a 403 `second_proof_required` of verify, by somebody who does not have the account’s other phone or email. That one is told, and who signs in with it within 72 hours keeps both. Else the number is off the account then, and the next verify of it makes a new one. The token is good once. Where `RECYCLE_AFTER` is off there are no such tokens.',
        tags: ['Identifier flow'],
        body: Type.Object(
          { recycle_token: RecycleToken },
          { title: 'NewAccountRequest', ...closed, examples: [{ recycle_token: examples.signup_token }] },
        ),
        response: {
          202: Type.Object(
            {
              success: Success,
              message: Type.Literal('New account asked for'),
              retry_after: Type.Integer({ description: 'Seconds after which a verify makes the new account' }),
            },
            {
              title: 'NewAccountAskedFor',
              description: 'The other phone or email of the account is told; nothing is changed yet',
              examples: [{ success: true, message: 'New account asked for', retry_after: 259_200 }],
            },
          ),
          ...errorResponses('verification_required', 'rate_limited', ...writingErrors, 'service_unavailable'),
        },
      },
    },
    async (request, reply) => {
      const retry_after = await askForNewAccount(request.body.recycle_token, clientOf(request))
      reply.code(202)
      return { success: true, message: 'New account asked for', retry_after } as const
    },
  )
}
