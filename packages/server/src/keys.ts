// The service's public keys: asked for once, kept, and asked for again when they are old or a token names one that is not among them.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { SessionCheckError } from './errors.js'
import type { Settings } from './options.js'
import { askService } from './service.js'

/**
 * Milliseconds. `fresh` is what the service says of its answer. `stale`: so long keys serve on while the service cannot be asked, since
 * that is what they are for. A new key is looked for every `cooldown` at most, or strangers' tokens would have us ask for each of them.
 */
const times = { fresh: 300_000, stale: 3_600_000, cooldown: 30_000, afterFailure: 1_000 }

type Kept = { find: ReturnType<typeof createLocalJWKSet>; at: number }

/** @param now milliseconds; another one in tests */
export function createKeys(settings: Pick<Settings, 'url' | 'fetch' | 'timeout'>, now = Date.now): JWTVerifyGetKey {
  let kept: Kept | null = null
  let asking: Promise<Kept> | null = null
  let failed: { error: SessionCheckError; at: number } | null = null

  async function ask(): Promise<Kept> {
    const { status, body } = await askService(settings, '/.well-known/jwks.json')
    if (status !== 200)
      throw new SessionCheckError(
        'misconfigured',
        `${settings.url} has no keys (${status}): is url where the service is?`,
      )
    try {
      return { find: createLocalJWKSet(body as JSONWebKeySet), at: now() }
    } catch (cause) {
      throw new SessionCheckError('misconfigured', `${settings.url} answered no key set`, { cause })
    }
  }

  /** New keys: one question at a time, and none for a moment after one that failed. */
  async function renewed(): Promise<Kept> {
    if (failed !== null && now() - failed.at < times.afterFailure) throw failed.error
    asking ??= ask().finally(() => {
      asking = null
    })
    try {
      kept = await asking
      failed = null
      return kept
    } catch (error) {
      failed = { error: error as SessionCheckError, at: now() }
      throw error
    }
  }

  /** Those that are kept, renewed when they are old. */
  async function current(): Promise<Kept> {
    const age = kept === null ? Number.POSITIVE_INFINITY : now() - kept.at
    if (kept !== null && age < times.fresh) return kept
    const old = kept
    return renewed().catch((error) => {
      if (old !== null && age < times.stale) return old
      throw error
    })
  }

  return async (header, token) => {
    const keys = await current()
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      // A key that is newer than ours? Where nobody could say, the token is not called bad: that would sign somebody out.
      if (now() - keys.at < times.cooldown) throw error
      return (await renewed()).find(header, token)
    }
  }
}
