// Challenges of a provider outside: Cloudflare's Turnstile and hCaptcha, which verify what their widgets made in the same way.
import { createHash } from 'node:crypto'
import type { ChallengeSettings } from '../../config/challenge-settings.js'
import { Problem } from '../../errors.js'
import { createHttpPost } from '../../messaging/drivers/http-post.js'
import type { ChallengeProvider, ChallengeSolution } from './provider.js'

/** Milliseconds that a provider may take. */
const patience = 3_000

type Site = NonNullable<ChallengeSettings['site']>

export class SiteVerify implements ChallengeProvider {
  readonly #name: string
  readonly #site: Site
  readonly #http

  /** @param name of the provider, for the client that is to load its widget */
  constructor(name: string, site: Site) {
    this.#name = name
    this.#site = site
    this.#http = createHttpPost(name)
  }

  async create(): Promise<object> {
    return { provider: this.#name, site_key: this.#site.key }
  }

  /** The address of the client is not told: it is personal, and neither provider needs it. */
  async verify(solution: ChallengeSolution): Promise<string | null> {
    if (typeof solution !== 'string') return null
    const isSolved = await this.#ask(solution).catch((cause: unknown) => {
      throw new Problem('service_unavailable', { retryAfter: 5, cause })
    })
    return isSolved ? createHash('sha256').update(solution).digest('hex') : null
  }

  async #ask(response: string): Promise<boolean> {
    const answer = await this.#http.post({
      url: this.#site.verifyUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ secret: this.#site.secret, response }).toString(),
      signal: AbortSignal.timeout(patience),
    })
    if (answer.status !== 200) {
      answer.discard()
      throw new Error(`${this.#name} answered ${answer.status}`)
    }
    const verdict: unknown = JSON.parse(await answer.text())
    return Object(verdict).success === true
  }
}
