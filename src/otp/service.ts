// One-time codes for whoever needs a proof: drafts of new ones, attempts at live ones. Knows nothing of users, sessions or HTTP; what is
// decided about codes is decided in prisma/functions.
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import { Codes } from './code.js'
import { bindingOf, createDrafts, type OtpRequest, sendLimitsOf } from './issue.js'
import type { TestIdentities } from './test-identities.js'

/** An attempt, as digests that the stored one may equal: under the pepper, and under the one before or the next while it is being replaced. */
export type Attempt = Readonly<{
  /** canonical */
  identifier: string
  codeHash: Uint8Array<ArrayBuffer>
  previousCodeHash: Uint8Array<ArrayBuffer> | null
}>

type OtpDependencies = {
  database: Database
  settings: OtpSettings
  /** none unless given */
  testIdentities?: TestIdentities
}

export class OtpService {
  readonly #codes
  readonly draft
  /** What decisions about attempts are given. */
  readonly attemptLimits
  readonly sendLimits

  constructor({ database, settings, testIdentities }: OtpDependencies) {
    this.#codes = new Codes(settings.peppers, settings.length)
    this.draft = createDrafts({ database, codes: this.#codes, testIdentities })
    this.attemptLimits = { maxAttempts: settings.maxAttempts, maxFailures: settings.maxFailuresPerDay }
    this.sendLimits = sendLimitsOf(settings)
  }

  /** What a decision is given of an attempt at a code. */
  attemptOf(request: OtpRequest, code: string): Attempt {
    return { identifier: request.identifier.identifier, ...this.#codes.forComparison(bindingOf(request), code) }
  }
}
