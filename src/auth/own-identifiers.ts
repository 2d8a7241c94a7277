// What people do with their own phone and email: add one, change one, remove one.
import { type AuditTrail, eventWriter } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { isUniqueViolation } from '../database/failures.js'
import { isUserRow, type UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type IdentifierParser, trafficOf } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { OtpService } from '../otp/service.js'
import type { Asker } from '../sessions/asker.js'
import { changesAreOverLine } from '../users/change-limit.js'
import { type ChangedRow, type RemovedRow, removeIdentifierStatement } from '../users/identifier-statements.js'
import { type ChangeParts, type ChangeRow, changeIdentifierStatement } from './change-identifier-statement.js'
import type { Courier } from './courier.js'
import type { JudgeGuess } from './guesses.js'
import type { SendCode, SentCode } from './send-code.js'

export type OwnIdentifiers = ReturnType<typeof createOwnIdentifiers>

type OwnIdentifiersDependencies = {
  database: Database
  identifiers: Pick<IdentifierParser, 'fromCanonical'>
  otp: OtpService
  sendCode: SendCode
  judgeGuess: JudgeGuess
  courier: Courier
  limits: Limits
  audit: AuditTrail
}

export function createOwnIdentifiers(dependencies: OwnIdentifiersDependencies) {
  const { database, identifiers, otp, sendCode, judgeGuess, courier, limits, audit } = dependencies

  /** Tells whoever reads the old identifier, in the account's language: the request may come from a stranger. */
  function tell({ toldTo, locale }: Pick<ChangedRow, 'toldTo' | 'locale'>, caller: Caller): void {
    // Under the settings of today nothing may go there any more.
    const identifier = toldTo === null ? null : identifiers.fromCanonical(toldTo)
    if (identifier !== null) courier.tellOfChange(identifier, { languages: locale === null ? [] : [locale], caller })
  }

  /**
   * Sends a code to an identifier that the user wants to have. Whether somebody has it already is told to who proves it, not here.
   * @throws Problem those of `sendCode`
   */
  function send(identifier: Identifier, asker: Asker, caller: Caller): Promise<SentCode> {
    return sendCode(identifier, caller, { purpose: 'change_identifier', asker })
  }

  /** The guess and the change. Somebody who gets the identifier in the same moment undoes both; the next look sees them. */
  async function attempt(parts: ChangeParts): Promise<ChangeRow> {
    for (;;) {
      try {
        const [row] = await database.$queryRaw<[ChangeRow]>(changeIdentifierStatement(parts))
        return row
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
      }
    }
  }

  /**
   * Takes the code and gives the user the identifier, in place of the one that they had.
   * @throws Problem `otp_invalid`; `rate_limited` for the address, or where the account has had its changes of the day: then the
   * code stays good; `already_registered`; `unauthorized` for who is gone
   */
  async function verify(identifier: Identifier, code: string, asker: Asker, caller: Caller): Promise<UserRow> {
    const guess = otp.prepareGuess({ purpose: 'change_identifier', identifier, session: asker.sessionId }, code)
    const row = await attempt({ identifier, otp, guess, asker, caller, limits, audit })
    const { changeableAfter, codeId } = row
    // Taken by one of several who made the last change at once.
    if (changeableAfter !== null && codeId !== null) await guess.giveBack(codeId)
    requireChange(changeableAfter)
    await judgeGuess(row, trafficOf(identifier), caller)
    if (row.isTaken) throw new Problem('already_registered')
    return changedUser(row, caller)
  }

  /**
   * Takes an identifier off the user.
   * @throws Problem `not_found`, `last_identifier`; `rate_limited` where the account has had its changes of the day; `unauthorized`
   * for who is gone
   */
  async function remove(method: Identifier['method'], asker: Asker, caller: Caller): Promise<UserRow> {
    const statement = removeIdentifierStatement(method, asker, eventWriter(caller))
    const [row] = await database.$queryRaw<[RemovedRow]>(statement)
    if (row.exists && !row.isThere) throw new Problem('not_found', { errors: [`There is no ${method} to remove`] })
    requireChange(row.changeableAfter)
    if (row.isThere && row.id === null) throw new Problem('last_identifier')
    return changedUser(row, caller)
  }

  function changedUser(row: ChangedRow, caller: Caller): UserRow {
    if (!isUserRow(row)) throw new Problem('unauthorized', { invalidToken: true })
    tell(row, caller)
    const { id, userName, phone, email, role, createdAt, updatedAt } = row
    return { id, userName, phone, email, role, createdAt, updatedAt }
  }

  return { send, verify, remove }
}

/** @throws Problem `rate_limited` where the account has had its changes of the day */
function requireChange(changeableAfter: number | null): void {
  if (changeableAfter === null) return
  throw new Problem('rate_limited', { errors: [changesAreOverLine], retryAfter: changeableAfter })
}
