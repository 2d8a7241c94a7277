// Codes by themselves, for tests of their row: put there and tried by the same functions that the decisions use.
import type { OtpSettings } from '../../src/config/config.js'
import type { Database } from '../../src/database/client.js'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { withConnection } from '../../src/development/postgres-query.js'
import type { OtpRequest } from '../../src/otp/issue.js'
import { OtpService } from '../../src/otp/service.js'
import type { TestIdentities } from '../../src/otp/test-identities.js'

export type IssuedCode = {
  outcome: 'issued'
  codeId: string
  code: string
  expiresIn: number
  resendAfter: number
  attemptsAllowed: number
}
export type RefusedCode = { outcome: 'refused'; retryAfter: number }

/** A request, in the lane of a trusted device where one is named. */
export type LaneRequest = OtpRequest & { lane?: string }

type PutRow = {
  outcome: string
  retry_after: number | null
  code_seed: Uint8Array<ArrayBuffer>
  code_hash: Uint8Array<ArrayBuffer> | null
  expires_in: number
  resend_after: number
  attempts_allowed: number
}

type Dependencies = { database: Database; url: string; settings: OtpSettings; testIdentities?: TestIdentities }

export function createOtp(dependencies: Dependencies) {
  const otp = new OtpService(dependencies)
  const { schema } = readFunctionFiles()
  const { ttl, cooldown, maxAttempts, maxPerHour, maxPerDay, maxFailures } = otp.sendLimits
  const maxTrustedPerDay = 5
  const limits = JSON.stringify({
    ttl,
    cooldown,
    max_attempts: maxAttempts,
    max_per_hour: maxPerHour,
    max_per_day: maxPerDay,
    max_failures: maxFailures,
    max_trusted_per_day: maxTrustedPerDay,
    max_refusals_per_hour: 20,
    is_strict: false,
    // What a message costs has tests of its own.
    budgets: ['trusted', 'known', 'new'].flatMap((kind) => [`sms:${kind}`, `mail:${kind}`]),
    budget_set_aside: Array(6).fill(1_000),
    budget_retry: Array(6).fill(1),
    max_per_block: 1_000,
    max_per_mailbox: 1_000,
    max_per_domain: 1_000,
    shard: 0,
  })
  const inFunctions = (sql: string) => sql.replaceAll('latchkey.', `"${schema}".`)
  const bytes = (value: Uint8Array | null) => value && `\\x${Buffer.from(value).toString('hex')}`

  async function issue(request: LaneRequest): Promise<IssuedCode | RefusedCode> {
    const draft = otp.draft(request)
    const { identifier, purpose, codeId, codeHash, codeSeed, testEndsAt } = draft.values
    const values = {
      method: request.identifier.method,
      only_known: false,
      block_key: 'send_net:test',
      mailbox_key: 'mailbox:test',
      domain_key: 'domain:test',
      country: 'IN',
      identifier,
      purpose,
      code_id: codeId,
      code_hash: bytes(codeHash),
      code_seed: bytes(codeSeed),
      test_ends_at: testEndsAt,
    }
    const text = inFunctions(`
      SELECT p.outcome, p.retry_after, p.code_seed, p.code_hash, p.expires_in, p.resend_after, p.attempts_allowed
      FROM json_populate_record(NULL::latchkey.send_code_request, $1) AS r,
        json_populate_record(NULL::latchkey.send_code_settings, $2) AS s,
        LATERAL unnest(latchkey.send_codes(ARRAY[r], s, ARRAY[$3]::uuid[], ARRAY[NULL]::int[], true)) AS p`)
    const rows = await inSchema(text, [JSON.stringify(values), limits, request.lane || null])
    const [row] = rows as (PutRow | undefined)[]
    if (row?.outcome === 'again') return issue(request)
    if (row?.outcome !== 'sent') return { outcome: 'refused', retryAfter: Number(row?.retry_after) }
    return {
      outcome: 'issued',
      codeId,
      code: await draft.codeIn({ codeSeed: row.code_seed, codeHash: row.code_hash }),
      expiresIn: row.expires_in,
      resendAfter: row.resend_after,
      attemptsAllowed: row.attempts_allowed,
    }
  }

  /** Whether the code is the live one, which it then no longer is. */
  async function verify(request: LaneRequest, code: string): Promise<boolean> {
    const { identifier, codeHash, previousCodeHash } = otp.attemptOf(request, code)
    const text = inFunctions('SELECT latchkey.verify_code($1, $2, $3, $4, $5, false, $6, $7) AS outcome')
    const { maxAttempts: attempts, maxFailures: failures } = otp.attemptLimits
    const values = [identifier, request.purpose, request.lane ?? '', codeHash, previousCodeHash, attempts, failures]
    const [row] = (await inSchema(text, values)) as { outcome: string }[]
    return row?.outcome === 'right'
  }

  /** The functions' helpers find each other as they do inside of a decision. */
  async function inSchema(text: string, values: unknown[]): Promise<object[]> {
    return withConnection(dependencies.url, async (client) => {
      await client.query(`SET search_path = "${schema}", public`)
      return (await client.query(text, values)).rows
    })
  }

  /** Takes back a send that was refused. */
  const returnSend = ({ purpose, identifier }: OtpRequest, codeId: string) =>
    inSchema('SELECT give_back_send($1, $2, $3, false, false, NULL, NULL, NULL, 0, now())', [
      identifier.identifier,
      purpose,
      codeId,
    ])

  return { issue, verify, returnSend }
}
