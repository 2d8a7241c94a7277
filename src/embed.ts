// The whole service inside an application of one's own, under a prefix: as a plugin of Fastify, or for any server of Node.js. It keeps
// its own router, hooks, parsers and error answers: what is registered here and what the application has never meet
// (docs/decisions/0036-mounted-behind-a-router-of-its-own.md).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseConfig } from './config/config.js'
import { lineOfMisspelled, misspelledSettings } from './config/misspelled.js'
import { failBody } from './http/connections.js'
import { createLogger } from './http/logger.js'
import { openService } from './opening.js'
import { findTracer } from './tracing/tracer.js'

export type EmbedOptions = {
  /** as `.env.example` names them; the environment by default */
  settings?: Readonly<Record<string, string | undefined>>
  /** where log lines go, JSON each; standard output by default */
  log?: { write(line: string): unknown }
  /** milliseconds that a body may take to arrive, before it is answered with 408; 5,000 by default */
  bodyTimeout?: number
}

export type EmbeddedLatchkey = {
  /** Answers a request whose path begins with the prefix, or has had it taken off already (`app.use` of Express). */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** From now on not ready: to be called before the application stops listening. */
  drain(): void
  /** Answers what is under way, then ends everything that was opened. */
  close(): Promise<void>
}

/**
 * Opens the service: database, senders, the schedule of the cleanup.
 * @param options `prefix`: under which it is reached, such as `/auth-service`; cookies, links and the OpenAPI document name it
 * @throws ConfigError naming every setting that is missing or unsafe, a line each
 */
export async function openLatchkey({
  prefix,
  settings = process.env,
  log = process.stdout,
  bodyTimeout = 5_000,
}: EmbedOptions & { prefix: string }): Promise<EmbeddedLatchkey> {
  // Under no prefix it would take the place of the whole application.
  if (!/^(\/[\w.~-]+)+$/.test(prefix)) throw new TypeError('The prefix is a path such as /auth-service')
  const config = parseConfig(settings)
  const write = (text: string) => void log.write(text)
  // By the application's SDK, where it has one: it is never ours to start.
  const logger = createLogger(config.logLevel, { write }, findTracer())
  for (const misspelled of misspelledSettings(settings)) logger.warn(lineOfMisspelled(misspelled))
  const service = await openService({ config, logger, write, prefix })
  service.startCleanup()
  service.startEvents()

  return {
    handle(request, response) {
      // Whoever reads a stream that was read waits for ever.
      if (request.readableDidRead) throw new Error('The body was read before: mount the service before any parser')
      endSlowBody(request, response, bodyTimeout)
      const { url = '' } = request
      if (url.startsWith(`${prefix}/`) && !isTakenOff(request, prefix)) {
        // As Express does: who looks for the whole path finds it there (Fastify's `request.originalUrl`).
        Object.assign(request, { originalUrl: url })
        request.url = url.slice(prefix.length)
      }
      service.app.routing(request, response)
    },
    drain: () => service.health.drain(),
    close: service.close,
  }
}

/**
 * `app.register(latchkey, { prefix: '/auth-service', settings })`. The application's own `onRequest` hooks run before, and its
 * `onResponse` hooks after, as for everything below it; none of its parsers, validators, other hooks and error handlers does.
 */
export async function latchkey(app: FastifyInstance, options: EmbedOptions): Promise<void> {
  const service = await openLatchkey({ ...options, prefix: app.prefix })
  app.addHook('preClose', async () => service.drain())
  app.addHook('onClose', service.close)
  function handOver(request: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    service.handle(request.raw, reply.raw)
  }
  app.route({
    method: app.supportedMethods,
    url: '/*',
    exposeHeadRoute: false,
    schema: { hide: true },
    // Before the body is read: the service reads it itself. Nothing comes after a reply that was taken over.
    onRequest: handOver,
    handler: handOver,
  })
}

/** Whether Express has done it, which keeps the whole path: under `/auth`, `/auth/verify-otp` is a route of ours like any other. */
function isTakenOff(request: IncomingMessage & { originalUrl?: string }, prefix: string): boolean {
  const { url = '', originalUrl = '' } = request
  return originalUrl.length - url.length === prefix.length
}

/** A server that is not ours may wait for ever, or for minutes (`requestTimeout`); ours does not. */
function endSlowBody(request: IncomingMessage, response: ServerResponse, patience: number): void {
  const timer = setTimeout(() => {
    // The rest of it would be read to its end before the next request.
    response.shouldKeepAlive = false
    failBody(request, Object.assign(new Error('The body took too long'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }))
  }, patience)
  const stop = () => clearTimeout(timer)
  request.once('end', stop)
  response.once('close', stop)
}
