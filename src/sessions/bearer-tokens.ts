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

/** Characters that a token has at most: proxies and servers take 4 to 8 kB for all headers of a request. */
const longestToken = 3_499

type BearerTokensDependencies = {
  database: Database
  tokens: Tokens
  names: readonly TokenClaim[]
  /** members of public_metadata that tokens say too */
  metadataNames: readonly string[]
}

export class BearerTokens {
  readonly #database: Database
  readonly #tokens: Tokens
  readonly #names: readonly TokenClaim[]
  readonly #metadataNames: readonly string[]

  constructor({ database, tokens, names, metadataNames }: BearerTokensDependencies) {
    this.#database = database
    this.#tokens = tokens
    this.#names = names
    this.#metadataNames = metadataNames
  }

  /**
   * The token for a client's own hands, of the one that was just issued for the cookie: of the same session, id and end. Without
   * TOKEN_CLAIMS it is the same one, and nothing is asked. Where the parts of public_metadata would make it too long, it has none of
   * them, rather than some: whoever misses the claim asks the service.
   * @param userId whose it is
   */
  async of(token: string, userId: string): Promise<string> {
    const saysMetadata = this.#metadataNames.length > 0
    if (this.#names.length === 0 && !saysMetadata) return token
    const select = {
      role: true,
      phone: true,
      phoneVerifiedAt: true,
      email: true,
      emailVerifiedAt: true,
      publicMetadata: saysMetadata,
    }
    const user = await this.#database.user.findUnique({ where: { id: userId }, select })
    // Deleted in this moment: the token opens nothing, whatever it says.
    if (user === null) return token
    const claims = Object.fromEntries(this.#names.map((name) => [name, claimOf[name](user)]))
    const metadata = Object.entries(Object(user.publicMetadata)).filter(([name]) => this.#metadataNames.includes(name))
    if (metadata.length > 0) {
      const whole = this.#tokens.extend(token, { ...claims, public_metadata: Object.fromEntries(metadata) })
      if (whole.length <= longestToken) return whole
    }
    return this.#tokens.extend(token, claims)
  }
}
