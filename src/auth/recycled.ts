// Identifiers that may have gone to somebody else (RECYCLE_AFTER). Signing in asks for the account's other one too (sign-in.ts); whoever
// cannot prove that asks here for an account without it. The rules are in prisma/functions/recycled.sql and shared/users_leaving.sql.
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Client } from '../http/client.js'
import type { IdentifierParser } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Notifier } from '../messaging/notifier.js'
import { hashTicket } from './signup-tickets.js'

/** Notices of somebody who asked, for one account in a day (UTC). */
export const maxAskedPerDay = 3

/** What `reason` says of an identifier that leaves its account, for programs. */
export const leavingReason = 'new_account_asked_for'

type AskAnswer = Readonly<{
  outcome: 'asked' | 'no_proof' | 'too_many'
  retryAfter: number | null
  /** canonical; null where nobody is to be told */
  toldTo: string | null
  /** BCP 47 */
  toldIn: string | null
}>

type RecycledDependencies = {
  database: Database
  identifiers: Pick<IdentifierParser, 'fromStored'>
  notifier: Pick<Notifier, 'notifyOfLeaving'>
  /** null where nobody is asked for a second proof */
  recycleAfter: number | null
}

export type AskForNewAccount = (token: string, client: Client) => Promise<number>

export function createAskForNewAccount(dependencies: RecycledDependencies): AskForNewAccount {
  const { database, identifiers, notifier, recycleAfter } = dependencies
  const text = `
    SELECT outcome::text, retry_after AS "retryAfter", told_to AS "toldTo", told_in AS "toldIn"
    FROM "${database.functionSchema}".ask_for_new_account($1, $2, $3, $4, $5)`

  /**
   * Begins to take the identifier of the ticket off its account, and tells the other one; says in how many seconds it is off.
   * @param token of a 403 `second_proof_required`
   * @throws Problem `verification_required`; `rate_limited` where too much was asked for the account
   */
  return async function askForNewAccount(token, client) {
    if (recycleAfter === null) throw new Problem('verification_required')
    const values = [Buffer.from(hashTicket(token)), client.network, client.requestId, maxAskedPerDay, anyShard()]
    const [answer] = await database.run<[AskAnswer]>({ text, values })
    if (answer.outcome === 'no_proof') throw new Problem('verification_required')
    const retryAfter = Number(answer.retryAfter)
    if (answer.outcome === 'too_many') throw new Problem('rate_limited', { retryAfter })
    const { toldTo, toldIn } = answer
    const other = toldTo === null ? null : identifiers.fromStored(toldTo)
    if (other !== null) notifier.notifyOfLeaving(other, { languages: toldIn === null ? [] : [toldIn], client })
    return retryAfter
  }
}

/** Takes identifiers off up to `most` accounts, whose other one was told long enough ago, and says of how many it looked at. */
export async function letRecycledLeave(database: Database, most: number): Promise<number> {
  const text = `SELECT "${database.functionSchema}".let_recycled_leave($1) AS count`
  const [row] = await database.run<[{ count: number }]>({ text, values: [most] })
  return row.count
}
