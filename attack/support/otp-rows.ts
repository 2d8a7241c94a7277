// Looks at and ages the rows of codes: time that would have to pass is taken off the row instead.
import type { Grey } from './database.js'

export type OtpRow = {
  attempts: number
  failures: number
  consumed: boolean
  daySends: number
  hourSends: number
}

/** The row of an identifier's sign-in code in a lane. */
export async function otpRow({ query }: Grey, identifier: string, lane = ''): Promise<OtpRow | undefined> {
  const [row] = await query<OtpRow>(
    `SELECT attempts, failures, consumed_at IS NOT NULL AS consumed, l.day_sends AS "daySends", l.hour_sends AS "hourSends"
     FROM otps LEFT JOIN identifier_limits l USING (identifier) WHERE identifier = $1 AND purpose = 'sign_in' AND lane = $2`,
    [identifier, lane],
  )
  return row
}

export async function countOtpRows({ query }: Grey, identifiers: readonly string[]): Promise<number> {
  const [row] = await query<{ count: number }>('SELECT count(*)::int AS count FROM otps WHERE identifier = ANY($1)', [
    identifiers,
  ])
  return Number(row?.count)
}

/** As if the cooldown were over, and the hour with it. Budgets of the day stay. */
export async function endCooldown({ query }: Grey, identifier: string): Promise<void> {
  await query(
    `UPDATE otps SET resend_at = now() - interval '1 second', hour_started_at = now() - interval '61 minutes'
     WHERE identifier = $1`,
    [identifier],
  )
  await query(
    `UPDATE identifier_limits SET hour_started_at = now() - interval '61 minutes', counted_at = NULL WHERE identifier = $1`,
    [identifier],
  )
}

/** As if the code had run out. */
export async function expireCode({ query }: Grey, identifier: string): Promise<void> {
  await query(`UPDATE otps SET expires_at = now() - interval '1 second' WHERE identifier = $1`, [identifier])
}

/** As if a day had passed since the windows opened. */
export async function endWindows({ query }: Grey, identifier: string): Promise<void> {
  await query(
    `UPDATE otps SET resend_at = now() - interval '1 second', hour_started_at = now() - interval '25 hours',
       day_started_at = now() - interval '25 hours', failures_started_at = failures_started_at - interval '25 hours'
     WHERE identifier = $1`,
    [identifier],
  )
  await query('DELETE FROM identifier_limits WHERE identifier = $1', [identifier])
}

/** As if nothing had been sent for a day. */
export async function forgetBudgets({ query }: Grey): Promise<void> {
  await query('UPDATE otps SET resend_at = now()')
  await query('DELETE FROM identifier_limits')
  await query(`DELETE FROM limit_counters WHERE key ~ '^(sms|mail)_'`)
}

/** As if nothing had ever been sent to the identifier. */
export async function forgetCodes({ query }: Grey, identifier: string): Promise<void> {
  await query('DELETE FROM otps WHERE identifier = $1', [identifier])
  await query('DELETE FROM identifier_limits WHERE identifier = $1', [identifier])
}
