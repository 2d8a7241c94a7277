// Stepping up: a code to one's own phone or email makes this session freshly proven, as what cannot be undone asks for.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { StepUp } from '../auth/step-up.js'
import { clientOf } from '../http/client.js'
import { actorOf, signedIn } from '../sessions/authenticate.js'
import { type Policies, underPolicy } from '../users/policies.js'
import { selfServiceSchemas } from './self-service-schemas.js'

export type StepUpOptions = { policies: Policies; stepUp: StepUp; otpLength: number; echo: boolean }

export const stepUpRoutes: FastifyPluginAsyncTypebox<StepUpOptions> = async (
  app,
  { policies, stepUp, ...settings },
) => {
  policies.forSelf(app)
  const schemas = selfServiceSchemas(settings)

  app.post(
    '/step-up',
    {
      // Who has nothing to say need not send a body to say it in.
      config: { shedding: 'first' },
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'stepUp',
        summary: 'Send a code to oneself, to prove that it is still you',
        description:
          'To the user’s own phone, or email if there is none or `method` says so. The code works in this session alone.',
        ...underPolicy,
        ...schemas.stepUp,
      },
    },
    async (request) => {
      const { method, device_token, challenge_solution } = request.body
      const client = clientOf(request, device_token)
      const data = await stepUp.send(actorOf(request), method, client, challenge_solution)
      return { success: true, data } as const
    },
  )

  app.post(
    '/step-up/verify',
    {
      schema: {
        operationId: 'verifyStepUp',
        summary: 'Check the code: for 15 minutes this session may do what asks for a recent proof',
        description:
          'What answers 403 `step_up_required` goes through then, as it does for 15 minutes after a sign-in.',
        ...underPolicy,
        ...schemas.verifyStepUp,
      },
    },
    async (request) => {
      const { otp, device_token } = request.body
      const { user, sessionId } = signedIn(request)
      const until = await stepUp.verify(user, sessionId, otp, clientOf(request, device_token))
      return { success: true, data: { proven_until: until.toISOString() } } as const
    },
  )
}
