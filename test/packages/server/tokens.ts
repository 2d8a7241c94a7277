// Tokens as the service signs them, and services that are none: what they answer and how often they were asked.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { v7 } from 'uuid'
import { createKeyRing, toJwks } from '../../../src/sessions/keys.js'
import { newPrivateKey, testSecrets } from '../../support/app.js'

export const url = 'https://auth.example.com'
const seconds = () => Math.floor(Date.now() / 1000)

export function keyRing(pem = testSecrets.JWT_PRIVATE_KEY) {
  const ring = createKeyRing(createPrivateKey(pem), [])
  return { ...ring, jwks: toJwks(ring), kid: ring.current.kid, publicKey: createPublicKey(pem) }
}
export const ours = keyRing()
export const theirs = keyRing(newPrivateKey())

/** A token that is good but for what is said. `undefined` takes a claim or a header out. */
export function sign(
  claims: { [claim: string]: unknown } = {},
  header: Record<string, unknown> = {},
  ring = ours,
): Promise<string> {
  const now = seconds()
  const good = { iss: 'latchkey', aud: 'latchkey', sub: v7(), sid: v7(), jti: v7(), iat: now, exp: now + 600 }
  const protectedHeader = { alg: 'ES256', typ: 'JWT', kid: ring.kid, ...header }
  return new SignJWT({ ...good, ...claims } as JWTPayload).setProtectedHeader(protectedHeader).sign(ring.privateKey)
}

/** A token signed with the public key as if it were a shared secret (RFC 8725 §2.1), or not at all. */
export async function forged(alg: 'HS256' | 'none'): Promise<string> {
  const payload = (await sign()).split('.')[1] ?? ''
  if (alg === 'none') return `${encode({ alg, typ: 'JWT', kid: ours.kid })}.${payload}.AA`
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(ours.publicKey)))
  return new SignJWT(JSON.parse(atob(payload))).setProtectedHeader({ alg, typ: 'JWT', kid: ours.kid }).sign(secret)
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

type Answer = { status?: number; headers?: Record<string, string>; body?: unknown } | Error | 'never'

/** What a verifier is told, and beside it what was asked. */
type Fake = {
  url: string
  fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly asked: { url: string; init: RequestInit }[]
  readonly answers: Answer[]
}

/** A service that gives these answers, the last one again and again. */
export function fakeService(...answers: Answer[]): Fake {
  const asked: Fake['asked'] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push({ url, init })
    const answer = answers[Math.min(asked.length, answers.length) - 1] ?? 'never'
    await new Promise(setImmediate)
    if (answer instanceof Error) throw answer
    if (answer === 'never')
      return new Promise((_, reject) => {
        // As a connection would, it keeps the process alive: a signal's timer does not.
        const open = setInterval(() => {}, 1_000)
        const giveUp = () => {
          clearInterval(open)
          reject(init.signal?.reason)
        }
        // On a busy machine the time may be over before anybody listens.
        if (init.signal?.aborted) giveUp()
        else init.signal?.addEventListener('abort', giveUp)
      })
    const { status = 200, headers = {}, body = ours.jwks } = answer
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers })
  }
  return Object.defineProperties({ url, fetch } as Fake, { asked: { value: asked }, answers: { value: answers } })
}

export const withBearer = (token: string, method = 'GET') => ({ method, headers: { authorization: `Bearer ${token}` } })
