// POST requests to an endpoint of the product's own, signed as Standard Webhooks 1.0 says: within bounds of time and size, and without
// redirects, which would take what is said to a place that nobody has named.
import { Agent, request } from 'undici'
import { type AnswerHead, HeadReader } from './head-reader.js'
import { webhookSignature } from './webhook-signature.js'

/** Where something is posted, and with which secrets, decoded: more than one while they are exchanged. */
export type SignedTarget = Readonly<{ url: string; keys: readonly Uint8Array[] }>

export type SignedMessage = Readonly<{
  /** by which its receiver knows one that comes again */
  id: string
  /** JSON */
  body: string
}>

export type SignedAnswer = Readonly<{ status: number; text: string }>

export type SignedPost = Readonly<{
  /** The answer. Rejects where it is not there in time, breaks off or is too long, and when the signal comes. */
  ask: (target: SignedTarget, message: SignedMessage, signal: AbortSignal) => Promise<SignedAnswer>
  /** The head of the answer, whose body nobody wants to know. Rejects where nobody answered in time. */
  tell: (target: SignedTarget, message: SignedMessage) => Promise<AnswerHead>
  close: () => Promise<void>
}>

type SignedPostOptions = Readonly<{
  /** milliseconds of each step: connecting, the head of the answer (twice that with 1xx), and each break in its body */
  timeout: number
  /** bytes of an answer's body */
  maxAnswer: number
}>

/** Connections are kept for the next request: a handshake costs more than all the rest. */
export function createSignedPost({ timeout, maxAnswer }: SignedPostOptions): SignedPost {
  const agent = new Agent({
    maxResponseSize: maxAnswer,
    connect: { timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  })
  /** by origin: one that ends no body takes no connections from the others */
  const lingering = new Map<string, { count: number }>()
  const lingeringAt = (origin: string) => {
    const known = lingering.get(origin) ?? { count: 0 }
    lingering.set(origin, known)
    return known
  }

  return {
    async ask({ url, keys }, message, signal) {
      const headers = headersOf(message, keys)
      const answer = await request(url, { method: 'POST', dispatcher: agent, headers, body: message.body, signal })
      return { status: answer.statusCode, text: await answer.body.text() }
    },
    tell: ({ url, keys }, message) =>
      new Promise((resolve, reject) => {
        const { origin, pathname, search } = new URL(url)
        // Past request(), which makes a stream of each answer: that is half of the CPU time of an event (docs/performance.md).
        agent.dispatch(
          { origin, path: pathname + search, method: 'POST', headers: headersOf(message, keys), body: message.body },
          new HeadReader({ timeout, lingering: lingeringAt(origin), resolve, reject }),
        )
      }),
    close: () => agent.destroy(),
  }
}

function headersOf({ id, body }: SignedMessage, keys: readonly Uint8Array[]) {
  const timestamp = Math.floor(Date.now() / 1000).toString()
  const signatures = keys.map((key) => `v1,${webhookSignature(key, { id, timestamp, body })}`)
  return {
    'content-type': 'application/json',
    'user-agent': 'Latchkey',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}

/** Why nobody answered, in a word for logs: the code of the error (`ECONNREFUSED`), or its name (`TimeoutError`). */
export function failureWord(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code')
  // Those of the web platform have a number there, which says nothing.
  return typeof code === 'string' ? code : String(Reflect.get(Object(error), 'name'))
}
