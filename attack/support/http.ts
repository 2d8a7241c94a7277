// Asks the service over real HTTP, with exactly the headers that an attack writes (fetch would add its own).
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request as open } from 'node:http'
import { connect } from 'node:net'
import { remember, rememberErrorBody, rememberUrl } from './evidence.js'

export type AskOptions = {
  /** sent as JSON */
  json?: unknown
  /** sent as it is, in place of `json` */
  raw?: string | Buffer
  headers?: OutgoingHttpHeaders
}

export type Answer = {
  status: number
  /** the error's name, or '' */
  code: string
  body: Record<string, unknown>
  text: string
  headers: IncomingHttpHeaders
  /** values by name; the whole lines are in `headers['set-cookie']` */
  cookies: Record<string, string>
  milliseconds: number
}

export type Ask = (method: string, path: string, options?: AskOptions) => Promise<Answer>

const secretFields = {
  token: 'token',
  signup_token: 'ticket',
  device_token: 'device',
  challenge_token: 'ticket',
} as const
const secretCookies = { jwt: 'token', signup: 'ticket', device: 'device' } as const

/** Nothing of ours may take longer: a service that hangs is a finding, not a reason to wait. */
const limitMilliseconds = 20_000

/** A way to ask one server; up to 200 requests at once. */
export function createAsk(base: string): Ask & { close: () => void } {
  const { hostname, port } = new URL(base)
  // Idle ones are let go well before the service does it (65 s): a request that crosses with that is reset, which tells nothing of ours.
  const agent = new Agent({ keepAlive: true, maxSockets: 200, timeout: 30_000 })
  const ask: Ask = (method, path, { json, raw, headers = {} } = {}) => {
    const body = raw ?? (json === undefined ? undefined : JSON.stringify(json))
    const type = raw === undefined && body !== undefined ? { 'content-type': 'application/json' } : {}
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    rememberUrl(path)
    return new Promise((resolve, reject) => {
      const started = performance.now()
      const request = open(
        // The path by itself: in a URL, Node would resolve its dots.
        {
          hostname,
          port,
          path,
          method,
          agent,
          headers: { ...type, ...length, ...headers },
          timeout: limitMilliseconds,
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            resolve(toAnswer(Number(response.statusCode), response.headers, text, performance.now() - started))
          })
          response.on('error', reject)
        },
      )
      request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${path}`)))
      request.on('error', reject)
      request.end(body)
    })
  }
  return Object.assign(ask, { close: () => agent.destroy() })
}

function toAnswer(status: number, headers: IncomingHttpHeaders, text: string, milliseconds: number): Answer {
  const body = parse(text)
  const lines = headers['set-cookie'] ?? []
  const pairs = lines.map((line) => /^([^=]*)=([^;]*)/.exec(line) ?? [])
  const cookies = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
  for (const [field, kind] of Object.entries(secretFields)) remember(kind, textOf(body[field]))
  for (const [name, kind] of Object.entries(secretCookies)) remember(kind, cookies[name])
  remember('token', textOf(Object(body['data']).key))
  if (status >= 400) rememberErrorBody(text)
  return { status, code: textOf(body['code']) ?? '', body, text, headers, cookies, milliseconds }
}

function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Writes bytes to the server as they are and returns all that it answers until it closes or falls silent. */
export function askRaw(base: string, bytes: string | Buffer, silenceMilliseconds = 1_500): Promise<string> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    const end = () => {
      socket.destroy()
      if (text !== '') rememberErrorBody(text)
      resolve(text)
    }
    socket.setTimeout(silenceMilliseconds, end)
    socket.on('data', (chunk) => {
      text += chunk
    })
    // What was answered before the connection broke is what counts.
    socket.on('error', end)
    socket.on('close', end)
  })
}

/** `n` of something at once. */
export function atOnce<Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)))
}

/** One after the other, `width` at a time. */
export async function inTurns(count: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await atOnce(width, async () => {
    while (next < count) {
      next += 1
      await work(next - 1)
    }
  })
}
