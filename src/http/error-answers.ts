// Turns whatever went wrong into the one error answer, also for what fails before a route is found.
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseUnavailable } from '../database/failures.js'
import { failureFields } from '../database/migration-failures.js'
import {
  type ErrorCode,
  errorCatalogue,
  mediaTypeLine,
  Problem,
  type ProblemDetails,
  problemBody,
  problemHeaders,
} from '../errors.js'
import { failBody, unfinishedOn } from './connections.js'
import { standardHeaders } from './headers.js'

declare module 'fastify' {
  interface FastifyReply {
    /** of the error that is answered, for the log; null where there is none */
    problemCode: ErrorCode | null
  }
}

/** Seconds after which a failed database is worth another try. */
const retryDatabaseAfter = 2

const codesOfFramework: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'validation_failed',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_BAD_URL: 'validation_failed',
}

/** What the client is told about an error. Anything that is not known to be theirs is ours, and says nothing of the inside. */
function toProblem(error: unknown, { routeOptions }: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (isHangUp(error)) return new Problem('request_timeout', { cause: error })
  if (/^(?:HPE_|ERR_HTTP_REQUEST_TIMEOUT$)/.test(String(Object(error).code))) return connectionProblem(error)
  if (isDatabaseUnavailable(error)) {
    return new Problem('service_unavailable', { retryAfter: retryDatabaseAfter, cause: error })
  }
  const { code, statusCode }: Partial<FastifyError> = Object(error)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const types = routeOptions.schema?.consumes ?? ['application/json']
    return new Problem('unsupported_media_type', { errors: [mediaTypeLine(types)], cause: error })
  }
  const known = codesOfFramework[String(code)]
  if (known !== undefined) return new Problem(known, { cause: error })
  // A parameter that is longer than any of ours names nothing.
  if (statusCode === 414) return new Problem('not_found', { cause: error })
  const isTheirs = Number(statusCode) >= 400 && Number(statusCode) < 500
  return new Problem(isTheirs ? 'validation_failed' : 'internal_error', { cause: error })
}

const codesOfParser: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** Of what Node finds wrong with a connection: with the bytes on it, or with the time that they take. */
function connectionProblem(error: unknown): Problem {
  const known = codesOfParser[String(Object(error).code)]
  if (known !== undefined) return new Problem(known, { cause: error })
  return new Problem('validation_failed', { errors: ['The request is not valid HTTP'], cause: error })
}

/** Whether the client went away while it was sending: nobody's failure, and no line in the log. */
function isHangUp(error: unknown): boolean {
  const { code, message } = Object(error)
  return code === 'ECONNRESET' && message === 'aborted'
}

function answer(reply: FastifyReply, code: ErrorCode, details: ProblemDetails): void {
  const body = problemBody(code, details)
  reply.problemCode = code
  reply.code(body.status).headers(problemHeaders(code, details)).send(JSON.stringify(body))
}

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error, request)
  const { status } = errorCatalogue[problem.code]
  // A Problem was thrown on purpose, by whoever tells of it where it is worth a line: no stack for each refusal of a flood.
  if (status >= 500 && problem !== error)
    request.log.error({ ...failureFields(problem.cause ?? problem), code: problem.code }, 'request failed')
  answer(reply, problem.code, problem.details)
}

/** For errors before routing, where no hook has run: the same answer with the same headers. */
export function handleFrameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(standardHeaders(request.id))
  const answer = () => handleError(request.floodRefusal ?? error, request, reply)
  // A path that cannot be read is a request like others to the flood guard.
  const counted = request.server.countFlood?.(request) ?? Promise.resolve()
  counted.then(answer, answer)
}

export function answerNotFound(_request: FastifyRequest, reply: FastifyReply): void {
  answer(reply, 'not_found', {})
}

/** For what Node cannot even read as HTTP: the answer goes to the socket by hand, and the connection ends. */
export function handleClientError(error: Error & { code?: string }, socket: Socket): void {
  const isGone = error.code === 'ECONNRESET' || !socket.writable
  const unfinished = unfinishedOn(socket)
  if (!isGone && unfinished && failBody(unfinished, error)) return
  // Nobody is left to answer, somebody is being answered, for whose answer these bytes would pass, or has been already.
  if (isGone || unfinished || Reflect.get(socket, '_httpMessage')) {
    socket.destroy()
    return
  }
  const { code, details } = connectionProblem(error)
  const problem = problemBody(code, details)
  const body = JSON.stringify(problem)
  const headers = {
    ...standardHeaders(randomUUID()),
    ...problemHeaders(code),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
