// POST requests to an endpoint of the product's own, signed as Standard Webhooks 1.0 says: within bounds of time and size, and without
// redirects, which would take what is said to a place that nobody has named.
import { Agent, request } from 'undici'
import { webhookSignature } from './webhook-signature.js'

/** Where something is posted, and with which secrets, decoded: more than one while they are exchanged. */
export type SignedTarget = Readonly<{ url: string; keys: readonly Uint8Array[] }>

export type SignedMessage = Readonly<{
  /** by which its receiver knows one that comes again */
  id: string
  /** JSON */
  body: string
}>

export type SignedAnswer = Readonly<{
  status: number
  /** the body; rejects where it is too long or breaks off */
  text: () => Promise<string>
  /** frees the connection of a body that nobody wants to know */
  discard: () => void
}>

export type SignedPost = Readonly<{
  /** Rejects where nobody answered in time. */
  post: (target: SignedTarget, message: SignedMessage) => Promise<SignedAnswer>
  close: () => Promise<void>
}>

type SignedPostOptions = Readonly<{
  /** milliseconds */
  timeout: number
  /** whether all of it together has to fit into that, connecting included, which costs a signal each; else each step of it */
  isFirm: boolean
  /** bytes of an answer's body */
  maxAnswer: number
  /** requests at once to one origin; others wait */
  connections?: number
}>

/** Connections are kept for the next request: a handshake costs more than all the rest. */
export function createSignedPost({ timeout, isFirm, maxAnswer, connections }: SignedPostOptions): SignedPost {
  const agent = new Agent({
    maxResponseSize: maxAnswer,
    connect: { timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    connections: connections ?? null,
  })
  return {
    async post({ url, keys }, { id, body }) {
      const timestamp = Math.floor(Date.now() / 1000).toString()
      const signatures = keys.map((key) => `v1,${webhookSignature(key, { id, timestamp, body })}`)
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'Latchkey',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures.join(' '),
      }
      const options = {
        method: 'POST',
        dispatcher: agent,
        headers,
        body,
        ...(isFirm && { signal: AbortSignal.timeout(timeout) }),
      } as const
      const answer = await request(url, options)
      return {
        status: answer.statusCode,
        text: () => answer.body.text(),
        discard: () => void answer.body.dump({ limit: maxAnswer }).catch(() => {}),
      }
    },
    close: () => agent.destroy(),
  }
}

/** Why nobody answered, in a word for logs: the code of the error (`ECONNREFUSED`), or its name (`TimeoutError`). */
export function failureOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code')
  // Those of the web platform have a number there, which says nothing.
  return typeof code === 'string' ? code : String(Reflect.get(Object(error), 'name'))
}
