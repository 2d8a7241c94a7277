// A request whose end its sender holds back: head and first byte, then whatever happens meanwhile, then the rest.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { rememberErrorBody } from './evidence.js'
import type { Service } from './fixtures.js'
import type { SignedIn } from './flows.js'

/** Sends head and first byte, waits until the session was let in, and returns what sends the rest: `status code` comes back. */
export async function startSlowly({ base, grey }: Service, me: SignedIn, method: string, path: string, json: object) {
  // That a session is in use is noted when it is let in, once in five minutes.
  await grey.query(`UPDATE sessions SET last_seen_at = now() - interval '6 minutes' WHERE user_id = $1`, [me.userId])
  const bytes = JSON.stringify(json)
  const sending = request(new URL(path, base), {
    method,
    agent: false,
    headers: {
      authorization: `Bearer ${me.token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(bytes),
    },
  })
  const answered = once(sending, 'response')
  sending.write(bytes.slice(0, 1))
  const noted = `SELECT 1 FROM sessions WHERE user_id = $1 AND last_seen_at > now() - interval '1 minute'`
  while ((await grey.query(noted, [me.userId])).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  return async function finish(): Promise<string> {
    sending.end(bytes.slice(1))
    const [response] = (await answered) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    const status = Number(response.statusCode)
    if (status >= 400) rememberErrorBody(text)
    return status < 400 ? String(status) : `${status} ${JSON.parse(text).code}`
  }
}
