// POST requests to a provider: within bounds of time and size, without redirects, and sure of what was never sent.
import { Agent, buildConnector, request } from 'undici'
import { withTraceparent } from '../../tracing/outgoing.js'
import { client, inSpan } from '../../tracing/tracer.js'
import { DeliveryRefused, RecipientOptedOut, RecipientRefused } from '../sender.js'

/** Milliseconds. */
const time = { connect: 1_000, leftover: 1_000 }
/** Bytes of an answer's body that are read. */
const maxBodyLength = 16_384

export type HttpRequest = Readonly<{ url: string; headers: Record<string, string>; body: string; signal: AbortSignal }>

export type HttpAnswer = Readonly<{
  status: number
  /** the body; rejects when it is too long or breaks off */
  text: () => Promise<string>
  /** frees the connection of a body that nobody wants to know */
  discard: () => void
}>

/** Statuses that are about us, the request or the rate of requests; the other 4xx are about what we asked: the recipient. */
const aboutTheSender = new Set([401, 402, 403, 404, 405, 407, 408, 415, 421, 425, 426, 429, 431])

export function isTaken({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300
}

/** Whom a refusal is about. */
export const refusals = { sender: DeliveryRefused, recipient: RecipientRefused, optedOut: RecipientOptedOut } as const

/** What an answer's body says beside its status. */
type Said = Readonly<{ detail?: string; about?: keyof typeof refusals | undefined }>

/** What an answer other than 2xx means. A redirect and a 5xx leave open whether the message was taken. */
export function failureOf(driver: string, status: number, { detail = '', about }: Said = {}): Error {
  const reason = `${driver} answered ${status}${detail}`
  if (status < 400 || status >= 500) return new Error(reason)
  return new refusals[about ?? (aboutTheSender.has(status) ? 'sender' : 'recipient')](reason)
}

/**
 * @param driver whose name stands in errors
 * @param connectTime milliseconds that a connection may take
 */
export function createHttpPost(driver: string, connectTime = time.connect) {
  const connect = buildConnector({ timeout: connectTime })
  const agent = new Agent({
    maxResponseSize: maxBodyLength,
    bodyTimeout: time.leftover,
    // What fails in here, be it the name, the network or the certificate, failed before a byte of the request was written.
    connect: (options, callback) =>
      connect(options, (error, socket) => {
        if (error) callback(neverSent(driver, error), null)
        else callback(null, socket as NonNullable<typeof socket>)
      }),
  })

  /** @throws DeliveryRefused when the provider was not reached */
  async function post({ url, ...options }: HttpRequest): Promise<HttpAnswer> {
    const { statusCode, body } = await inSpan(spanOf(url), async (span) => {
      const headers = withTraceparent(options.headers)
      const answer = await request(url, { method: 'POST', dispatcher: agent, ...options, headers })
      span.setAttribute('http.response.status_code', answer.statusCode)
      return answer
    })
    return {
      status: statusCode,
      text: () => body.text(),
      discard() {
        // An AbortSignal.timeout would make its error, stack and all, for each message that went well.
        const timer = setTimeout(() => body.destroy(), time.leftover).unref()
        const stop = () => clearTimeout(timer)
        body.dump({ limit: maxBodyLength }).then(stop, stop)
      },
    }
  }

  return { post, close: () => agent.destroy() }
}

const defaultPorts = new Map([
  ['https:', 443],
  ['http:', 80],
])

/** Never the URL: its path may hold an account, its query a number. */
function spanOf(url: string) {
  const { hostname, port, protocol } = new URL(url)
  const attributes = {
    'http.request.method': 'POST',
    'server.address': hostname,
    'server.port': Number(port || defaultPorts.get(protocol)),
  }
  return { name: 'POST', kind: client, attributes }
}

function neverSent(driver: string, error: Error): DeliveryRefused {
  return new DeliveryRefused(`${driver} was not reached (${Reflect.get(error, 'code')})`, error)
}
