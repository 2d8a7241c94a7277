// Asks a running service as a client would: no redirects followed, waits that end, from an address of one's own where that can be.
import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'

/** Milliseconds */
const maxWait = 10_000

export type Answer = Readonly<{
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** the members of a JSON body; none where it is something else */
  body: Readonly<Record<string, unknown>>
}>

export type Question = Readonly<{
  headers?: Readonly<Record<string, string>>
  /** sent as JSON; the call is a POST where there is one */
  body?: object
  /** to come from: one of this machine */
  localAddress?: string | undefined
}>

export type Ask = (path: string, question?: Question) => Promise<Answer>

/** Whoever makes it closes it. */
export function createClient(base: URL) {
  const isSecure = base.protocol === 'https:'
  const agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const request = isSecure ? requestHttps : requestHttp

  async function ask(path: string, { headers = {}, body, localAddress }: Question = {}): Promise<Answer> {
    const payload = body && JSON.stringify(body)
    const options = {
      agent,
      method: payload ? 'POST' : 'GET',
      headers: { ...headers, ...(payload && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(maxWait),
      ...(localAddress !== undefined && { localAddress, family: 4 }),
    }
    return new Promise((resolve, reject) => {
      request(new URL(path, base), options, (response) => {
        const { statusCode = 0, headers } = response
        text(response).then((text) => resolve({ status: statusCode, headers, text, body: membersOf(text) }), reject)
      })
        .on('error', reject)
        .end(payload)
    })
  }

  return { ask, close: () => agent.destroy() }
}

function membersOf(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
