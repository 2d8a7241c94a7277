// Returns to another origin, for attacks on them.
import { createHash, randomBytes } from 'node:crypto'
import { remember } from './evidence.js'
import type { Service } from './fixtures.js'
import type { Answer } from './http.js'

export const shop = 'https://shop.example'
export const app = 'https://app.example'
export const returnTo = `${shop}/cb`
export const settings = { RETURN_TO_ORIGINS: `${shop},${app}`, SIGN_IN_PAGE: 'on' }
export const needs = { settings: ['RETURN_TO_ORIGINS'], routes: ['POST /auth/exchange'] }

/** A verifier and its challenge by S256. */
export function pkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** Asks for a code as the page does, with these members in place of good ones. */
export function askForCode(service: Service, token: string, members: Record<string, unknown>): Promise<Answer> {
  const json = { return_to: returnTo, state: 's', code_challenge_method: 'S256', ...members }
  const headers = { cookie: `jwt=${token}`, origin: service.base, 'sec-fetch-site': 'same-origin' }
  return service.ask('POST', '/auth/exchange/codes', { json, headers })
}

/** Shows a code as a back end does, or with these headers. */
export function exchange(service: Service, code: string, code_verifier: string, headers = {}): Promise<Answer> {
  return service.ask('POST', '/auth/exchange', { json: { code, code_verifier }, headers })
}

/** The code of an answer, or ''. */
export function codeIn({ body }: Answer): string {
  const { redirect_to } = Object(body['data'])
  const code = typeof redirect_to === 'string' ? (new URL(redirect_to).searchParams.get('code') ?? '') : ''
  if (code !== '') remember('ticket', code)
  return code
}
