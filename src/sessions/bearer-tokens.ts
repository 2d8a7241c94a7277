// What clients get that keep their token themselves: that of the session, with what TOKEN_CLAIMS says of its user. Cookies carry none of
// it: they go along with each request, and only this service reads them.
import type { TokenClaim } from '../config/session-settings.js'
import type { Database } from '../database/client.js'
import type { User } from '../generated/prisma/client.js'
import type { Tokens } from './tokens.js'

type Known = Pick<User, 'role' | 'phone' | 'phoneVerifiedAt' | 'email' | 'emailVerifiedAt'>

/** Under the names of OpenID Connect Core §5.1, where it has one. */
const claimOf: Readonly<Record<TokenClaim, (user: Known) => unknown>> = {
  role: ({ role }) => role,
  phone_number_verified: ({ phone, phoneVerifiedAt }) => phone !== null && phoneVerifiedAt !== null,
  email_verified: ({ email, emailVerifiedAt }) => email !== null && emailVerifiedAt !== null,
}

type BearerTokensDependencies = { database: Database; tokens: Tokens; names: readonly TokenClaim[] }

export class BearerTokens {
  readonly #database: Database
  readonly #tokens: Tokens
  readonly #names: readonly TokenClaim[]

  constructor({ database, tokens, names }: BearerTokensDependencies) {
    this.#database = database
    this.#tokens = tokens
    this.#names = names
  }

  /**
   * The token for a client's own hands, of the one that was just issued for the cookie: of the same session, id and end. Without
   * TOKEN_CLAIMS it is the same one, and nothing is asked.
   * @param userId whose it is
   */
  async of(token: string, userId: string): Promise<string> {
    if (this.#names.length === 0) return token
    const select = { role: true, phone: true, phoneVerifiedAt: true, email: true, emailVerifiedAt: true }
    const user = await this.#database.user.findUnique({ where: { id: userId }, select })
    // Deleted in this moment: the token opens nothing, whatever it says.
    if (user === null) return token
    return this.#tokens.extend(token, Object.fromEntries(this.#names.map((name) => [name, claimOf[name](user)])))
  }
}
