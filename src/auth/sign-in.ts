// Signing in with a code: the same for both flows, which differ only in what a newcomer gets.
import type { Database } from '../database/client.js'
import { isUserRow, type UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Identifier } from '../identifiers/parser.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import type { OtpService } from '../otp/service.js'
import type { SessionService } from '../sessions/service.js'
import type { UsersService } from '../users/service.js'
import { issueTicket } from './signup-tickets.js'
import { type SignInRow, signInStatement } from './statements.js'

export type SignedIn = Readonly<{ outcome: 'signed_in'; user: UserRow; token: string; isNewUser: boolean }>
export type Newcomer = Readonly<{ outcome: 'newcomer'; ticket: string }>

export type SignIn = ReturnType<typeof createSignIn>

type SignInDependencies = { database: Database; otp: OtpService; sessions: SessionService; users: UsersService }

export function createSignIn({ database, otp, sessions, users }: SignInDependencies) {
  /** Opens a session for a user that the first statement could not see. */
  async function openFor(user: UserRow, isNewUser: boolean): Promise<SignedIn> {
    const sessionId = await sessions.open(user.id)
    if (sessionId === null) throw new Problem('forbidden', { errors: ['This account is disabled'] })
    return { outcome: 'signed_in', user, token: sessions.issueToken(user.id, sessionId), isNewUser }
  }

  /**
   * Takes the code and signs its owner in; for an identifier that nobody has, `welcome` decides. If that fails, the code is
   * given back: its owner proved the identifier and should not have to wait for another one.
   */
  async function withCode<Result>(
    identifier: Identifier,
    code: string,
    welcome: () => Promise<Result>,
  ): Promise<SignedIn | Result> {
    const guess = otp.prepareGuess({ purpose: 'sign_in', identifier }, code)
    const session = sessions.draft()
    const statement = signInStatement(guess.statement, identifier.method, session.statement)
    const [row] = await database.$queryRaw<SignInRow[]>(statement)
    if (!row?.accepted) throw new Problem('otp_invalid')

    const { opened, codeId, accepted, ...user } = row
    if (isUserRow(user)) {
      if (!opened) throw new Problem('forbidden', { errors: ['This account is disabled'] })
      const token = sessions.issueToken(user.id, session.sessionId)
      return { outcome: 'signed_in', user, token, isNewUser: false }
    }
    try {
      return await welcome()
    } catch (error) {
      // What failed matters more than whether the code could be given back; without it a new one can be asked for at once.
      if (!(error instanceof Problem)) await guess.giveBack(codeId).catch(() => {})
      throw error
    }
  }

  /**
   * Signs in, or makes the account that nobody has yet.
   * @throws Problem `otp_invalid`; `forbidden` for a disabled account
   */
  function signInOrCreate(identifier: Identifier, code: string): Promise<SignedIn> {
    return withCode(identifier, code, async () => {
      const { user, isNewUser } = await users.createFromIdentifier(identifier)
      return openFor(user, isNewUser)
    })
  }

  /**
   * Signs in, or gives the ticket that signing up asks for.
   * @throws Problem `otp_invalid`; `forbidden` for a disabled account
   */
  function signInOrAdmit(phone: PhoneIdentifier, code: string): Promise<SignedIn | Newcomer> {
    return withCode(phone, code, async () => {
      // Somebody may have signed up with the number while this request waited for the code's row.
      const user = await users.findByIdentifier(phone)
      if (user) return openFor(user, false)
      return { outcome: 'newcomer', ticket: await issueTicket(database, phone.identifier) } as const
    })
  }

  return { signInOrCreate, signInOrAdmit }
}
