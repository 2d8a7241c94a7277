// Codes about to be put into their row, and what becomes of them there (prisma/functions/send_code.sql).
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { channelOf, type Identifier } from '../identifiers/parser.js'
import type { Codes, OtpPurpose, StoredCode } from './code.js'
import type { TestIdentities } from './test-identities.js'

export type OtpRequest = Readonly<{
  purpose: OtpPurpose
  identifier: Pick<Identifier, 'method' | 'identifier'>
  /** the session that asks, where the code is to work in no other */
  session?: string | undefined
}>

/** A code to be put into its row: members of send_code_request. */
export type CodeDraft = Readonly<{
  identifier: string
  purpose: OtpPurpose
  /** names this send and no other */
  codeId: string
  codeHash: Uint8Array<ArrayBuffer> | null
  codeSeed: Uint8Array<ArrayBuffer> | null
  /** of a fixed code: when it stops to work (ISO 8601); it costs nothing, and no message goes out. Null for all others */
  testEndsAt: string | null
}>

export type Draft = Readonly<{
  values: CodeDraft
  /** the code that the row has now: the draft's, or the one from before, which goes on */
  codeIn: (row: StoredCode) => Promise<string>
}>

type DraftDependencies = Readonly<{
  database: Database
  codes: Codes
  testIdentities: TestIdentities | undefined
}>

export function bindingOf({ purpose, identifier, session }: OtpRequest) {
  return { purpose, channel: channelOf(identifier), identifier: identifier.identifier, session }
}

/** What decisions about sends are given: seconds and counts. */
export function sendLimitsOf(settings: OtpSettings) {
  return {
    ttl: settings.timeToLive,
    cooldown: settings.resendCooldown,
    maxAttempts: settings.maxAttempts,
    maxPerHour: settings.maxSendsPerHour,
    maxPerDay: settings.maxSendsPerDay,
    maxFailures: settings.maxFailuresPerDay,
  }
}

export function createDrafts({ database, codes, testIdentities }: DraftDependencies) {
  /** A code for the request: the fixed one of a test identity that signs in, else a new one. */
  return function draft(request: OtpRequest): Draft {
    const { purpose, identifier } = request
    const binding = bindingOf(request)
    const key = { purpose, identifier: identifier.identifier, codeId: newId() }
    const testCode = purpose === 'sign_in' ? testIdentities?.codeOf(identifier) : undefined
    if (testCode !== undefined) {
      const { code, endsAt } = testCode
      const codeHash = codes.forStorage(binding, code)
      return {
        values: { ...key, codeHash, codeSeed: null, testEndsAt: endsAt.toISOString() },
        codeIn: async () => code,
      }
    }

    const { code, stored } = codes.draft(binding)
    const values = { ...key, ...stored, testEndsAt: null }
    return {
      values,
      async codeIn(row) {
        const kept = codes.recover(binding, row, { code, stored })
        if (kept !== null) return kept
        // A code that no pepper of ours makes again, or another session's, gives way; its attempts and its time go on.
        const { codeHash, codeSeed } = stored
        await database.otp.updateMany({ where: { ...key, consumedAt: null }, data: { codeHash, codeSeed } })
        return code
      },
    }
  }
}
