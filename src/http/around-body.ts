// What is asked before a body is read may be over when the body is there: it may take seconds, and its sender chooses when it ends.
import type { FastifyReply, FastifyRequest, onRequestHookHandler, preValidationHookHandler } from 'fastify'

/** Lets a request pass or throws a Problem. */
export type Check = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** Methods whose bodies are not read (RFC 9110 §9.3.1: content of a GET has no meaning). */
const bodiless = ['GET', 'HEAD']

/** requests that were let in while a part of them was still to come */
const awaited = new WeakSet<FastifyRequest>()

/** Whether nothing of a request is still to come: Node has read its end, or as many bytes of a body as were announced. */
function isWhole({ raw, headers }: FastifyRequest): boolean {
  return raw.complete || raw.readableLength >= Number(headers['content-length'])
}

/** Whether a request is going to be checked again, once all of it is there. */
export function isAwaited(request: FastifyRequest): boolean {
  return awaited.has(request)
}

/**
 * The hooks of a check: before the body is read, so that nobody waits for the body of who may not come in, and once more when it is
 * there, before it is held against its schema: the answer is that of the next request, whatever is in the body. A request that had
 * come whole before it was first checked is checked once: its sender holds nothing back any more.
 */
export function aroundBody(check: Check): { onRequest: onRequestHookHandler; preValidation: preValidationHookHandler } {
  return {
    onRequest(request, reply, done) {
      if (!bodiless.includes(request.method) && !isWhole(request)) awaited.add(request)
      check(request, reply).then(() => done(), done)
    },
    preValidation(request, reply, done) {
      if (awaited.delete(request)) check(request, reply).then(() => done(), done)
      else done()
    },
  }
}
