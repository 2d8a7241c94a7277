// One-time codes for whoever needs a proof: drafts of new ones, attempts at live ones. Knows nothing of users, sessions or HTTP; what is
// decided about codes is decided in prisma/functions.
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import { createCodes } from './code.js'
import { bindingOf, createDrafts, type OtpRequest, sendLimitsOf } from './issue.js'
import type { TestIdentities } from './test-identities.js'

/** An attempt, as digests that the stored one may equal: under the pepper, and under the one before or the next while it is being replaced. */
export type Attempt = Readonly<{
  /** canonical */
  identifier: string
  codeHash: Uint8Array<ArrayBuffer>
  previousCodeHash: Uint8Array<ArrayBuffer> | null
}>

export type OtpService = ReturnType<typeof createOtpService>

type OtpDependencies = {
  database: Database
  settings: OtpSettings
  /** none unless given */
  testIdentities?: TestIdentities
}

export function createOtpService({ database, settings, testIdentities }: OtpDependencies) {
  const codes = createCodes(settings.peppers, settings.length)
  const draft = createDrafts({ database, codes, testIdentities })

  /** What a decision is given of an attempt at a code. */
  function attemptOf(request: OtpRequest, code: string): Attempt {
    return { identifier: request.identifier.identifier, ...codes.forComparison(bindingOf(request), code) }
  }

  /** What decisions about attempts are given. */
  const attemptLimits = { maxAttempts: settings.maxAttempts, maxFailures: settings.maxFailuresPerDay }

  return { draft, attemptOf, attemptLimits, sendLimits: sendLimitsOf(settings) }
}
