// What adapters answer for whoever may not: the service's own errors (RFC 9457), so that a client needs to know one shape.
import type { SessionCheckError } from './errors.js'
import type { Refusal } from './verifier.js'

export type Refused = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>

const errors = {
  no_token: { status: 401, code: 'unauthorized', title: 'Not signed in' },
  invalid_token: { status: 401, code: 'unauthorized', title: 'Not signed in' },
  token_expired: { status: 401, code: 'token_expired', title: 'The token has ended' },
  cross_site: { status: 403, code: 'cross_site', title: 'This call comes from a page of another site' },
} as const

export function refusedBy(refusal: Refusal): Refused {
  const { status, code, title } = errors[refusal]
  // RFC 6750 §3.1: no error code where no token came
  const tokenError = refusal === 'no_token' ? '' : ', error="invalid_token"'
  return refused(
    status,
    code,
    title,
    status === 401 ? { 'www-authenticate': `Bearer realm="latchkey"${tokenError}` } : {},
  )
}

export function unanswerable({ statusCode, retryAfter }: SessionCheckError): Refused {
  const headers = { 'retry-after': String(retryAfter) }
  return refused(statusCode, 'service_unavailable', 'Nobody can tell at the moment who is signed in', headers)
}

function refused(status: number, code: string, title: string, headers: Record<string, string> = {}): Refused {
  const type = `urn:latchkey:error:${code}`
  return {
    status,
    // Nobody else's cache may keep who was refused.
    headers: { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ type, title, status, detail: title, code, success: false, errors: [title] }),
  }
}

export const responseOf = ({ status, headers, body }: Refused) =>
  new Response(body, { status, headers: { ...headers } })
