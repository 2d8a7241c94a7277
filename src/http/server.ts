// An HTTP server that is safe before the first route: limits, timeouts, parsing, headers, errors, log. Hooks of every request that
// wait for nothing are callbacks: as promises, a dozen of them cost as much as a query.
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { ProxyHeader } from '../config/server-settings.js'
import { Problem } from '../errors.js'
import { within } from '../tracing/tracer.js'
import { useJsonBodies } from './body-parser.js'
import { keepClientAddresses } from './client.js'
import { watchConnections } from './connections.js'
import { handleClientError, handleError, handleFrameworkError } from './error-answers.js'
import { useStandardHeaders } from './headers.js'
import { refuseUnaskedBodies } from './no-body.js'
import { useNullsAsAbsent } from './nulls.js'
import { createRequestIds, requestIdLabel } from './request-id.js'
import { compilersFactory } from './serialization.js'
import { endConnections } from './stopping.js'
import { useTracing } from './tracing.js'
import { ajvOptions, schemaErrorFormatter } from './validation.js'

/**
 * Milliseconds. Node's own defaults keep a stalled request for minutes, and an answer that nobody reads for ever. `inactivity` is how
 * long nothing may move on a connection that owes an answer (found within twice of it); between answers `keepAlive` holds instead,
 * which has to outlast the idle time of load balancers, 60 s for most. `answer` is how long a large one may take to be read, however it
 * moves. `silent` and `owed` are for a stop (stopping.ts).
 */
const timeouts = {
  headers: 4_000,
  request: 5_000,
  inactivity: 15_000,
  answer: 120_000,
  keepAlive: 65_000,
  checkEvery: 1_000,
  silent: 500,
  owed: 7_000,
}

/** Bytes of the largest body: many times what any call needs. */
const bodyLimit = 16 * 1024

export type ServerOptions = Readonly<{
  logger: Logger
  trustProxy: readonly string[]
  /** in which the trusted proxies name clients */
  proxyHeader?: ProxyHeader
  /** told of each request whose client they name by what is no address */
  onUnreadableClient?: () => void
  /** whether load balancers are asked to send nothing more, before the stop */
  isDraining?: () => boolean
  /** shorter waits, for tests */
  waits?: Readonly<Partial<typeof timeouts>>
}>

export function createServer(options: ServerOptions): FastifyInstance {
  const {
    logger,
    trustProxy,
    proxyHeader = 'x-forwarded-for',
    onUnreadableClient,
    isDraining = () => false,
    waits,
  } = options
  const { headers, request, inactivity, answer, keepAlive, checkEvery, silent, owed } = { ...timeouts, ...waits }
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: requestIdLabel }),
    genReqId: createRequestIds(trustProxy),
    // Clients are read by a reader of our own, which takes ports; and Fastify would believe X-Forwarded-Host and -Proto too.
    trustProxy: false,
    bodyLimit,
    ajv: ajvOptions,
    schemaErrorFormatter,
    schemaController: { compilersFactory },
    frameworkErrors: handleFrameworkError,
    clientErrorHandler: handleClientError,
    // Requests that come while the server stops are finished, not refused; the readiness probe turns new ones away.
    return503OnClosing: false,
    requestTimeout: request,
    connectionTimeout: inactivity,
    keepAliveTimeout: keepAlive,
    http: {
      headersTimeout: headers,
      connectionsCheckingInterval: checkEvery,
      // Node's own answer to a request without Host has no body; ours is the one of every error.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: 100 },
  })

  watchConnections(app, answer)
  endConnections(app, { silent, request, owed }, isDraining)
  useTracing(app, trustProxy)
  useJsonBodies(app)
  useNullsAsAbsent(app)
  refuseUnaskedBodies(app)
  keepClientAddresses(app, { trusted: trustProxy, header: proxyHeader }, onUnreadableClient)
  app.decorateReply('problemCode', null)
  app.decorateReply('isShed', false)
  // What is wrong with a body is found in the context of the connection.
  app.setErrorHandler((error, request, reply) => within(request.traceContext, () => handleError(error, request, reply)))
  useStandardHeaders(app)
  requireHost(app)
  refuseExpectations(app)
  useRequestLog(app)
  return app
}

/**
 * RFC 9112 §3.2: a request of HTTP/1.1 without Host is none, and one with two of them neither: what is in front of us may go by the
 * other one.
 */
function requireHost(app: FastifyInstance): void {
  app.addHook('onRequest', ({ headers, raw }, _reply, done) => {
    const isThere = headers.host !== undefined || raw.httpVersion !== '1.1'
    if (isThere && !hasTwoHosts(raw.rawHeaders)) done()
    else done(new Problem('validation_failed', { errors: ['One Host header is required'] }))
  })
}

/** Node keeps the first one alone where it has read them. */
function hasTwoHosts(names: readonly string[]): boolean {
  let hosts = 0
  for (let index = 0; index < names.length; index += 2) {
    const name = String(names[index])
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts > 1
}

/** RFC 9110 §10.1.1: we know of one expectation, which Node meets. Its own refusal of others has no body. */
function refuseExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.addHook('onRequest', ({ headers: { expect } }, _reply, done) => {
    if (expect === undefined || expect.toLowerCase() === '100-continue') done()
    else done(new Problem('expectation_failed'))
  })
}

/** What is asked every second or so, for as long as the service runs. */
const isProbe = (route = '') => /\/(?:health\/live|health\/ready|metrics)$/.test(route)

/**
 * One line a request, with the code of its error, and the route's pattern in place of the URL: a URL may hold what is nobody's business. A probe
 * that went well is told of at `debug`: behind Caddy, which asks twice a second, logs of the last days would hold little else.
 */
function useRequestLog(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    // At the price of a line each, a log would go under with the service; overload.ts tells of them.
    if (reply.isShed) return done()
    const level = reply.statusCode < 400 && isProbe(request.routeOptions.url) ? 'debug' : 'info'
    request.log[level](
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ...(reply.problemCode && { code: reply.problemCode }),
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    )
    done()
  })
}
