// Stepping up: whoever is signed in proves again that it is them, by a code to a phone or address of their own.
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type IdentifierParser, trafficOf } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { OtpService } from '../otp/service.js'
import type { Asker } from '../sessions/asker.js'
import type { UsersService } from '../users/service.js'
import type { JudgeGuess } from './guesses.js'
import type { SendCode, SentCode } from './send-code.js'
import { type StepUpRow, stepUpStatement } from './step-up-statement.js'

export type StepUp = ReturnType<typeof createStepUp>

type StepUpDependencies = {
  database: Database
  identifiers: Pick<IdentifierParser, 'fromCanonical'>
  users: Pick<UsersService, 'provenIdentifiersOf'>
  otp: OtpService
  sendCode: SendCode
  judgeGuess: JudgeGuess
  limits: Limits
}

export function createStepUp(dependencies: StepUpDependencies) {
  const { database, identifiers, users, otp, sendCode, judgeGuess, limits } = dependencies

  /** Those that a code can be sent to under the settings of today. */
  function reachable(texts: readonly (string | null)[]): Identifier[] {
    return texts.map((text) => (text === null ? null : identifiers.fromCanonical(text))).filter((each) => each !== null)
  }

  /**
   * Sends a code to the user's phone, or to the email where there is no phone or `method` says so. Only to what is proven.
   * @throws Problem `validation_failed` where there is none such, and those of `sendCode`
   */
  async function send(
    asker: Asker,
    method: Identifier['method'] | undefined,
    caller: Caller,
  ): Promise<SentCode & { method: Identifier['method'] }> {
    const own = reachable(await users.provenIdentifiersOf(asker.userId))
    const identifier = own.find((each) => method === undefined || each.method === method)
    if (identifier === undefined) {
      throw new Problem('validation_failed', {
        errors: [`You have no ${method ?? 'phone or email'} to send a code to`],
      })
    }
    const sent = await sendCode(identifier, caller, { purpose: 'step_up', asker })
    return { method: identifier.method, ...sent }
  }

  /**
   * Takes the code and marks the session as freshly proven; says until when.
   * @throws Problem `otp_invalid`; `rate_limited` for the address; `unauthorized` where the session ended meanwhile
   */
  async function verify(user: UserRow, sessionId: string, code: string, caller: Caller): Promise<Date> {
    const candidates = reachable([user.phone, user.email]).map((identifier) => ({
      identifier,
      guess: otp.prepareGuess({ purpose: 'step_up', identifier, session: sessionId }, code),
    }))
    const [first] = candidates
    if (first === undefined) throw new Problem('otp_invalid')
    const asker = { userId: user.id, sessionId }
    const statement = stepUpStatement({ otp, candidates, asker, caller, limits })
    const [row] = await database.$queryRaw<[StepUpRow]>(statement)
    const guessed = candidates.find(({ identifier }) => identifier.identifier === row.identifier) ?? first
    await judgeGuess(row, trafficOf(guessed.identifier), caller)
    if (row.provenUntil === null) throw new Problem('unauthorized', { invalidToken: true })
    return row.provenUntil
  }

  return { send, verify }
}
