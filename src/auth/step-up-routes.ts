// Stepping up: a code to one's own phone or email makes this session freshly proven, as what cannot be undone asks for.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../http/caller.js'
import { askerOf, signedIn } from '../sessions/authenticate.js'
import { type Scopes, scoped } from '../users/scopes.js'
import { selfServiceSchemas } from './self-service-schemas.js'
import type { StepUp } from './step-up.js'

export type StepUpOptions = { scopes: Scopes; stepUp: StepUp; otpLength: number; echo: boolean }

export const stepUpRoutes: FastifyPluginAsyncTypebox<StepUpOptions> = async (app, { scopes, stepUp, ...settings }) => {
  scopes.forSelf(app)
  const schemas = selfServiceSchemas(settings)

  app.post(
    '/step-up',
    {
      // Who has nothing to say need not send a body to say it in.
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'stepUp',
        summary: 'Send a code to oneself, to prove that it is still you',
        ...scoped,
        ...schemas.stepUp,
      },
    },
    async (request) => {
      const { method, device_token } = request.body
      const data = await stepUp.send(askerOf(request), method, callerOf(request, device_token))
      return { success: true, data } as const
    },
  )

  app.post(
    '/step-up/verify',
    {
      schema: {
        operationId: 'verifyStepUp',
        summary: 'Check the code: for 15 minutes this session may do what asks for a recent proof',
        ...scoped,
        ...schemas.verifyStepUp,
      },
    },
    async (request) => {
      const { otp, device_token } = request.body
      const { user, sessionId } = signedIn(request)
      const until = await stepUp.verify(user, sessionId, otp, callerOf(request, device_token))
      return { success: true, data: { proven_until: until.toISOString() } } as const
    },
  )
}
