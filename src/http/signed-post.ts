// POST requests to an endpoint of the product's own, signed as Standard Webhooks 1.0 says: within bounds of time and size, and without
// redirects, which would take what is said to a place that nobody has named.
import type { Readable } from 'node:stream'
import { Agent, errors, request } from 'undici'
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
  /** seconds for which it wants to be left alone (RFC 9110 §10.2.3); undefined where it says none, or nothing of that kind */
  retryAfter: number | undefined
  /** the body; rejects where it is too long or breaks off */
  text: () => Promise<string>
  /** frees the connection of a body that nobody wants to know */
  discard: () => void
}>

export type SignedPost = Readonly<{
  /** Rejects where nobody answered in time, or when the signal comes, which ends the answer too. */
  post: (target: SignedTarget, message: SignedMessage, signal?: AbortSignal) => Promise<SignedAnswer>
  close: () => Promise<void>
}>

type SignedPostOptions = Readonly<{
  /** milliseconds of each step: connecting, the head of the answer (twice that with 1xx), and each break in its body */
  timeout: number
  /** bytes of an answer's body */
  maxAnswer: number
}>

/** Bodies at once that nobody wants to know and that have not ended: a connection each, which is closed beyond them. */
const mostLingering = 64

/** Connections are kept for the next request: a handshake costs more than all the rest. */
export function createSignedPost({ timeout, maxAnswer }: SignedPostOptions): SignedPost {
  const agent = new Agent({
    maxResponseSize: maxAnswer,
    connect: { timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  })
  let lingering = 0

  /** Reads what comes, so that the connection can be used again, within bounds: each chunk of a body begins the agent's timeout again. */
  function discard(body: Readable): void {
    const deadline = performance.now() + timeout
    let left = maxAnswer
    lingering += 1
    body
      .on('error', () => {})
      .on('close', () => {
        lingering -= 1
      })
    if (lingering > mostLingering) body.destroy()
    body.on('data', ({ length }: Buffer) => {
      left -= length
      if (left < 0 || performance.now() > deadline) body.destroy()
    })
  }

  return {
    async post({ url, keys }, { id, body }, signal) {
      const timestamp = Math.floor(Date.now() / 1000).toString()
      const signatures = keys.map((key) => `v1,${webhookSignature(key, { id, timestamp, body })}`)
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'Latchkey',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures.join(' '),
      }
      const deadline = performance.now() + timeout
      const options = {
        method: 'POST',
        dispatcher: agent,
        headers,
        body,
        // Each answer on the way (1xx) begins the agent's timeout again.
        onInfo: () => {
          if (performance.now() > deadline) throw new errors.HeadersTimeoutError()
        },
        ...(signal && { signal }),
      } as const
      const answer = await request(url, options)
      return {
        status: answer.statusCode,
        retryAfter: retryAfterOf(answer.headers['retry-after']),
        text: () => answer.body.text(),
        discard: () => discard(answer.body),
      }
    },
    close: () => agent.destroy(),
  }
}

function retryAfterOf(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value)) return Number(value)
  // Or Date.parse() makes a day of almost anything.
  const time = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : Math.max(0, (time - Date.now()) / 1000)
}

/** Why nobody answered, in a word for logs: the code of the error (`ECONNREFUSED`), or its name (`TimeoutError`). */
export function failureWord(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code')
  // Those of the web platform have a number there, which says nothing.
  return typeof code === 'string' ? code : String(Reflect.get(Object(error), 'name'))
}
