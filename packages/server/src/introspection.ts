// A token that the service is asked about (RFC 7662): it knows of a logout at once.
import { decodeJwt } from 'jose'
import { SessionCheckError } from './errors.js'
import { type IntrospectionOptions, introspectionOf, type Settings } from './options.js'
import { askService } from './service.js'
import { type Checked, type CheckToken, invalid, shapedFirst } from './token.js'

/** Answers that are kept at most; the oldest go. */
const mostKept = 10_000

/**
 * @param surroundings others in tests; `now` in milliseconds
 * @throws SessionCheckError `misconfigured`
 */
export function checkByService(
  settings: Settings,
  options: IntrospectionOptions,
  surroundings = { now: Date.now, most: mostKept },
): CheckToken {
  const { now, most } = surroundings
  const { introspectionToken, cacheFor } = introspectionOf(options)
  const asking = new Map<string, Question>()
  const kept = new Map<string, { checked: Checked; until: number }>()

  async function ask(token: string): Promise<Checked> {
    const { status, body } = await askService(settings, '/auth/introspect', {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${introspectionToken}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token }).toString(),
    })
    if (status === 401)
      throw new SessionCheckError('misconfigured', 'introspectionToken is not the INTROSPECTION_TOKEN of the service')
    const { active } = Object(body) as { active?: unknown }
    if (status !== 200 || typeof active !== 'boolean')
      throw new SessionCheckError(
        'misconfigured',
        `${settings.url}/auth/introspect answered ${status} and nothing of a token: is url right, and INTROSPECTION_TOKEN set?`,
      )
    if (!active) return { refusal: hasEnded(token, now()) ? 'token_expired' : 'invalid_token' }
    return areOurs(body as Claims, settings) ? { claims: body as Claims } : invalid
  }

  /** From the moment of the question on: what the service knew then is what it says. */
  function keep(token: string, checked: Checked, askedAt: number): void {
    if (cacheFor === 0) return
    const end = checked.claims?.exp ?? Number.POSITIVE_INFINITY
    kept.delete(token)
    kept.set(token, { checked, until: Math.min(askedAt + cacheFor * 1_000, end * 1_000) })
    for (const [oldest] of kept) {
      if (kept.size <= most) break
      kept.delete(oldest)
    }
  }

  return shapedFirst(async (token) => {
    const known = kept.get(token)
    if (known !== undefined && now() < known.until) return known.checked
    kept.delete(token)
    const shared = asking.get(token)
    if (shared !== undefined && now() < shared.until) return shared.answer
    const question = newQuestion(token)
    asking.set(token, question)
    return question.answer
  })

  /** Shared by those who come before it is sent, and after that for as long as its answer would be kept. */
  function newQuestion(token: string): Question {
    const question: Question = { until: Number.POSITIVE_INFINITY, answer: Promise.resolve().then(send) }
    async function send(): Promise<Checked> {
      const askedAt = now()
      question.until = askedAt + cacheFor * 1_000
      try {
        const checked = await ask(token)
        keep(token, checked, askedAt)
        return checked
      } finally {
        if (asking.get(token) === question) asking.delete(token)
      }
    }
    return question
  }
}

/** One that is about to be sent or was, and until when others may have its answer: a logout may have come after it. */
type Question = { until: number; answer: Promise<Checked> }

type Claims = { iss: string; aud: string; sub: string; sid: string; jti: string; iat: number; exp: number }

/** Of a service that several products share, another product's token is none of ours. */
function areOurs({ iss, aud, sub, sid, jti, iat, exp }: Claims, { issuer, audience }: Settings): boolean {
  const areTexts = [sub, sid, jti].every((claim) => typeof claim === 'string' && claim !== '')
  return areTexts && Number.isFinite(iat) && Number.isFinite(exp) && iss === issuer && aud === audience
}

/** Whether a token that is refused anyway says that it has ended, for a client that then refreshes it. */
function hasEnded(token: string, at: number): boolean {
  try {
    return Number(decodeJwt(token).exp) * 1_000 <= at
  } catch {
    return false
  }
}
