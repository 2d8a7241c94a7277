// Sheds load: a request that could not be answered in time is refused before its body is read, at a tenth of what an answer costs, so that
// those that are let in are answered in time (docs/overload.md).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problemBody, problemHeaders } from '../errors.js'
import type { Admission, Urgency } from './admission.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `first`: it starts something new, and gives way before others; `never`: it tells of the service itself, or costs no more than a refusal */
    shedding?: 'first' | 'never'
  }
  interface FastifyRequest {
    /** let in to send and all there, but not in the queue for the database yet */
    isComing: boolean
  }
  interface FastifyReply {
    /** refused since there was too much to do: counted, and told in the log once for many */
    isShed: boolean
  }
}

export type SheddingReason = 'event_loop' | 'queue'

export type OverloadOptions = Readonly<{
  admission: Pick<Admission, 'admits' | 'start' | 'stop'>
  /** whether a send would wait too long for the database that comes behind so many which are still being read */
  isQueueFull: (coming: number) => boolean
  onShed: (shed: { urgency: Urgency; reason: SheddingReason }) => void
}>

/** Seconds after which to come again: one of these in turn, so that those who were refused at once do not come back at once. */
const comeAgainIn = [1, 2, 3, 4, 5]

const code = 'service_unavailable'

/** Made once: an error with its stack, and its way through the error handler, would be half of what a refusal costs. */
const answers = comeAgainIn.map((retryAfter) => {
  const problem = problemBody(code, { retryAfter })
  return { status: problem.status, headers: problemHeaders(code, { retryAfter }), body: JSON.stringify(problem) }
})

/** Milliseconds between two lines of the log that tell of it. */
const tellEvery = 10_000

/** To be registered after what counts floods, which are refused for themselves, and before whatever reads a body or asks the database. */
export function shedLoad(app: FastifyInstance, { admission, isQueueFull, onShed }: OverloadOptions): void {
  let refused = 0
  /** A turn of the event loop may bring hundreds: all of them would be let in for the room that is there for a few. */
  let coming = 0
  /** of those, what this turn has brought */
  const latest: FastifyRequest[] = []
  let told = { at: Number.NEGATIVE_INFINITY, refused: 0 }
  admission.start()
  app.addHook('onClose', async () => admission.stop())

  function reasonAgainst(urgency: Urgency): SheddingReason | undefined {
    if (!admission.admits(urgency)) return 'event_loop'
    return urgency === 'first' && isQueueFull(coming) ? 'queue' : undefined
  }

  function expect(request: FastifyRequest, reply: FastifyReply): void {
    request.isComing = true
    coming += 1
    if (latest.push(request) === 1) setImmediate(forgetSlow)
    // Whatever becomes of it: a client that goes away while it sends its body gets no answer.
    reply.raw.once('close', () => arrive(request))
  }

  /**
   * A body that did not come with its head may stay away for its five seconds (`request` of server.ts). If that took up room, whoever holds
   * a thousand back would have everybody else refused, at no price; once it is in, the queue itself counts it.
   */
  function forgetSlow(): void {
    for (const request of latest.splice(0)) if (!request.raw.complete) arrive(request)
  }

  function arrive(request: FastifyRequest): void {
    if (request.isComing) coming -= 1
    request.isComing = false
  }

  app.decorateRequest('isComing', false)
  app.addHook('preHandler', (request, _reply, done) => {
    arrive(request)
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    arrive(request)
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    const urgency = urgencyOf(request)
    if (urgency === undefined) return done()
    const reason = reasonAgainst(urgency)
    if (reason === undefined) {
      if (urgency === 'first') expect(request, reply)
      return done()
    }
    reply.isShed = true
    onShed({ urgency, reason })
    refused += 1
    if (performance.now() - told.at > tellEvery) {
      app.log.warn({ reason, refused: refused - told.refused }, 'overloaded: requests are refused with 503')
      told = { at: performance.now(), refused }
    }
    const { status, headers, body } = answers[refused % answers.length] as (typeof answers)[number]
    reply.problemCode = code
    reply.code(status).headers(headers).send(body)
  })
}

/** Undefined: never refused for load. */
function urgencyOf({ routeOptions: { config } }: FastifyRequest): Urgency | undefined {
  if (config.isProbe || config.shedding === 'never') return undefined
  return config.shedding ?? 'last'
}
