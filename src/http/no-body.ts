// Calls that take no body: what is sent along all the same is not dropped in silence.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { schemaErrorFormatter } from './validation.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** for routes that do their work whatever is sent along */
    ignoresBody?: true
  }
}

/**
 * Refuses the fields of a body on all routes that come after and take none: an unknown field is 400 there as it is elsewhere. An empty
 * object says nothing, and is what many clients send.
 */
export function refuseUnaskedBodies(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    // Of others no body is read.
    const isRead = [route.method].flat().some((method) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
    if (!isRead || route.schema?.body !== undefined || route.config?.ignoresBody) return
    route.preValidation = [refuseFields, ...[route.preValidation ?? []].flat()] as never
  })
}

async function refuseFields({ body }: FastifyRequest): Promise<void> {
  if (body === undefined || body === null) return
  const isObject = typeof body === 'object' && !Array.isArray(body)
  const names = isObject ? Object.keys(body) : []
  const fault = { instancePath: '', schemaPath: '' }
  const unknown = names.map((name) => ({
    ...fault,
    keyword: 'additionalProperties',
    params: { additionalProperty: name },
  }))
  const faults = isObject ? unknown : [{ ...fault, keyword: 'type', params: {} }]
  if (faults.length > 0) throw schemaErrorFormatter(faults, 'body')
}
