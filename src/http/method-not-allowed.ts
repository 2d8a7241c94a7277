// Answers 405 with the methods that do work (RFC 9110 §15.5.6), where a plain router would say 404.
import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'

/** All that Node reads; it ends a CONNECT by itself, without an answer. */
export const answeredMethods: readonly string[] = METHODS.filter((method) => method !== 'CONNECT')

/**
 * Watches the routes that are registered from now on; the function it returns adds the missing ones of these methods to each of their
 * paths.
 */
export function useMethodNotAllowed(app: FastifyInstance, answered = answeredMethods): () => void {
  for (const method of answered) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
  const methodsByPath = new Map<string, Set<string>>()
  let isWatching = true
  app.addHook('onRoute', ({ url, method }) => {
    if (!isWatching) return
    const methods = methodsByPath.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    methodsByPath.set(url, methods)
  })

  return () => {
    isWatching = false
    for (const [url, methods] of methodsByPath) {
      const missing = answered.filter((method) => !methods.has(method))
      const allow = [...methods].sort().join(', ')
      const refuse = async (_request: FastifyRequest, reply: FastifyReply) => {
        reply.header('allow', allow)
        throw new Problem('method_not_allowed')
      }
      app.route({
        method: missing,
        url,
        exposeHeadRoute: false,
        schema: { hide: true },
        // before the body is read: whatever it holds, it was sent to the wrong method
        onRequest: refuse,
        handler: refuse,
      })
    }
  }
}
