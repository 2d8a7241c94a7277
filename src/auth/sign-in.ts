// Signing in with a code: the same for both flows, which differ only in what a newcomer gets.
import type { AuditTrail } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { prepareShapes } from '../database/prepared.js'
import { isUserRow, type UserRow } from '../database/user-row.js'
import type { Messages } from '../delivery/messages.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import type { Limits } from '../limits/service.js'
import type { OtpService } from '../otp/service.js'
import type { SessionService } from '../sessions/service.js'
import { draftUser, type UsersService } from '../users/service.js'
import type { NewUserValues } from '../users/statements.js'
import type { JudgeGuess, VerificationNotice } from './guesses.js'
import { type SignInRow, signInStatement } from './sign-in-statement.js'
import { type SignInShape, type SignInValues, signInShape, signInValues } from './sign-in-values.js'
import { issueTicket } from './signup-tickets.js'

export type SignedIn = Readonly<{
  outcome: 'signed_in'
  user: UserRow
  token: string
  /** only where the device was not known before */
  deviceToken: string | undefined
  isNewUser: boolean
}>
export type Newcomer = Readonly<{ outcome: 'newcomer'; ticket: string }>

/** What became of whoever asked, to be logged and counted. */
export type SignInNotice = VerificationNotice | (Traffic & Readonly<{ kind: 'new_account' }>)

export type SignIn = ReturnType<typeof createSignIn>

type CodeParts = Readonly<{ identifier: Identifier; code: string; caller: Caller; newUser: NewUserValues | null }>

type SignInDependencies = {
  database: Database
  otp: OtpService
  sessions: SessionService
  users: UsersService
  messages: Pick<Messages, 'localeOf'>
  limits: Limits
  audit: AuditTrail
  judgeGuess: JudgeGuess
  onNotice: (notice: SignInNotice) => void
}

export function createSignIn(dependencies: SignInDependencies) {
  const { database, otp, sessions, users, messages, limits, audit, judgeGuess, onNotice } = dependencies

  const statementOf = prepareShapes<SignInShape, SignInValues, [SignInRow]>((shape, of) =>
    signInStatement(shape, of, { otp, sessions, limits }),
  )

  /** Opens a session for a user that the first statement could not see; null for one who was deleted since. */
  async function openFor(user: UserRow, isNewUser: boolean, caller: Caller): Promise<SignedIn | null> {
    const opened = await sessions.open(user.id, caller)
    if (opened === 'disabled') throw disabled()
    return opened === 'gone' ? null : { outcome: 'signed_in', user, ...opened, isNewUser }
  }

  /**
   * Takes the code and signs its owner in; for an identifier that nobody has, `newUser` becomes its owner, or else `welcome`
   * decides. If that fails, the code is given back: who proved the identifier should not have to wait for another one.
   */
  async function withCode<Result>(
    { identifier, code, caller, newUser }: CodeParts,
    welcome: () => Promise<Result>,
  ): Promise<SignedIn | Result> {
    const guess = otp.prepareGuess({ purpose: 'sign_in', identifier }, code)
    const session = sessions.draft(caller)
    const parts = { identifier, guess, session, newUser, caller }
    const [row] = await statementOf(signInShape(parts))(database, signInValues(parts, limits, audit))
    const { retryAfter, accepted, locked, codeId, guesses, opened, isNewDevice, isNewUser, ...user } = row
    await judgeGuess(row, trafficOf(identifier), caller)
    if (isUserRow(user)) {
      if (!opened) throw disabled()
      if (isNewUser) onNotice({ kind: 'new_account', ...trafficOf(identifier) })
      return { outcome: 'signed_in', user, ...sessions.opened(session, user.id, isNewDevice), isNewUser }
    }
    return welcome().catch(async (error: unknown) => {
      // What failed matters more than whether the code could be given back; without it a new one can be asked for at once.
      if (!(error instanceof Problem)) await guess.giveBack(String(codeId)).catch(() => {})
      throw error
    })
  }

  /**
   * Signs in, or makes the account that nobody has yet.
   * @throws Problem `otp_invalid`; `forbidden` for a disabled account; `rate_limited` for the address
   */
  function signInOrCreate(identifier: Identifier, code: string, caller: Caller): Promise<SignedIn> {
    const locale = messages.localeOf(caller.languages)
    return withCode({ identifier, code, caller, newUser: draftUser(identifier, locale) }, async () => {
      // Somebody has got the identifier since, or claims it. One who is deleted in this moment leaves it to a new user.
      for (;;) {
        const { user, isNewUser } = await users.createFromIdentifier(identifier, locale)
        if (isNewUser) {
          onNotice({ kind: 'new_account', ...trafficOf(identifier) })
          await audit.record(caller, { event: 'user_created', userId: user.id, identifier: identifier.identifier })
        }
        const signedIn = await openFor(user, isNewUser, caller)
        if (signedIn !== null) return signedIn
      }
    })
  }

  /**
   * Signs in, or gives the ticket that signing up asks for.
   * @throws Problem `otp_invalid`; `forbidden` for a disabled account; `rate_limited` for the address
   */
  function signInOrAdmit(phone: PhoneIdentifier, code: string, caller: Caller): Promise<SignedIn | Newcomer> {
    return withCode({ identifier: phone, code, caller, newUser: null }, async () => {
      // Somebody may have signed up with the number while this request waited for the code's row.
      const user = await users.findByProof(phone)
      const signedIn = user && (await openFor(user, false, caller))
      return signedIn ?? { outcome: 'newcomer', ticket: await issueTicket(database, phone.identifier) }
    })
  }

  return { signInOrCreate, signInOrAdmit }
}

function disabled(): Problem {
  return new Problem('forbidden', { errors: ['This account is disabled'] })
}
