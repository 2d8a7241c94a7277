// Sessions: opened by a sign-in, asked with every request, ended for good. The row is the authority, the token only names it.
import { randomUUID } from 'node:crypto'
import type { SessionSettings } from '../config/config.js'
import { maxSessionLifetime } from '../config/session-settings.js'
import { type Batches, createBatches } from '../database/batches.js'
import type { Database } from '../database/client.js'
import { isRefusedByPostgres } from '../database/failures.js'
import type { UserRow } from '../database/user-row.js'
import {
  endSessionStatement,
  type ListedSession,
  listSessionsStatement,
  readSessionsText,
  replaceTokenStatement,
  type SessionLimits,
  type SessionRow,
  touchSessionStatement,
} from './statements.js'
import type { Claims, Tokens } from './tokens.js'

/** Who a request comes from. */
export type Authentication = Readonly<{
  user: UserRow
  sessionId: string
  claims: Claims
  /** signed in or stepped up within the last 15 minutes */
  isRecentlyProven: boolean
  /** until the session ends in any case */
  secondsLeft: number
  /** seconds for which it may change no way to sign in; null where it may */
  restrictedFor: number | null
  /** what `authenticatorBeside` was to bring along, else null */
  beside: unknown
  /** where the token that came has ended: the one that takes its place */
  renewed?: IssuedToken
}>

/** What lets signed-in people through. */
export type Authenticator = Pick<
  SessionService,
  'authenticate' | 'authenticateEnded' | 'endedClaims' | 'renew' | 'reuseOf'
>

/** Another token of a session, and the seconds that a cookie of it is worth keeping: as long as the session, if it is used. */
export type IssuedToken = Readonly<{ token: string; lifetime: number }>

/** Sessions whose reuse is remembered as told, and milliseconds for which: whoever keeps an old token sends it with each call. */
const maxToldReuses = 10_000
const tellReuseEvery = 3_600_000

/** What metrics call the read of sessions. */
const sessionRead = 'read_session'

type SessionKey = Readonly<{ sessionId: string; userId: string }>

type SessionDependencies = { database: Database; tokens: Tokens; settings: SessionSettings }

export class SessionService {
  readonly #database: Database
  readonly #tokens: Tokens
  readonly #settings: SessionSettings
  readonly #limits: SessionLimits
  readonly #read: Batches<SessionKey, SessionRow | null>
  /** by the session's id, milliseconds since 1970 */
  readonly #toldReuses = new Map<string, number>()

  constructor({ database, tokens, settings }: SessionDependencies) {
    this.#database = database
    this.#tokens = tokens
    this.#settings = settings
    this.#limits = { timeToLive: settings.timeToLive, longest: maxSessionLifetime }
    this.#read = this.#createRead()
  }

  /** Who a token stands for, or null. One query, which goes out together with others, never with one that was sent before. */
  authenticate(token: string): Promise<Authentication | null> {
    return this.#authenticateBy(this.#read, this.#tokens.verify(token))
  }

  /** What a token says that was good until it ended; null for any other. */
  endedClaims(token: string): Claims | null {
    return this.#tokens.verifyEnded(token)
  }

  /**
   * Who a token stands for that has ended, with the one that takes its place; null unless it is the newest of a session that is still
   * there, or was until a minute ago.
   */
  authenticateEnded(claims: Claims): Promise<Authentication | null> {
    return this.#authenticateEndedBy(this.#read, claims)
  }

  /**
   * Whose session an ended token is of that others have replaced: somebody has kept it, its owner's client or a thief (RFC 9700
   * §4.14.2). Null where its session is over, or has had no other one, and where it was told within the hour.
   */
  async reuseOf({ sid, sub, jti }: Claims): Promise<string | null> {
    if (Number(this.#toldReuses.get(sid)) > Date.now() - tellReuseEvery) return null
    const session = await this.#database.session.findUnique({ where: { id: sid, userId: sub } })
    if (!session?.tokenId || session.tokenId === jti) return null
    /* c8 ignore next -- takes ten thousand sessions */
    if (this.#toldReuses.size >= maxToldReuses) this.#toldReuses.clear()
    this.#toldReuses.set(sid, Date.now())
    return sub
  }

  /**
   * The same for routes that show more of the user `u` than who it is: the value comes with the query.
   * @param beside see `readSessionsText`
   */
  authenticatorBeside(beside: string): Authenticator {
    const read = this.#createRead(beside)
    return {
      authenticate: (token) => this.#authenticateBy(read, this.#tokens.verify(token)),
      authenticateEnded: (claims) => this.#authenticateEndedBy(read, claims),
      endedClaims: (token) => this.endedClaims(token),
      renew: (known) => this.renew(known),
      reuseOf: (claims) => this.reuseOf(claims),
    }
  }

  /** What a token says, where its session is still there. Being asked about is no use of a session: its end stays where it is. */
  async introspect(token: string): Promise<Claims | null> {
    const claims = this.#tokens.verify(token)
    return claims !== null && (await this.#read.ask(keyOf(claims))) !== null ? claims : null
  }

  /**
   * Another token of the same session, which it does not outlive, also for a token that is not its newest while that has not ended.
   * Null where the session is over.
   */
  async reissue({ claims, renewed }: Authentication): Promise<IssuedToken | null> {
    return renewed ?? this.#replace(claims, true)
  }

  /** Another token where the one that came has ended, or is the newest, past half its life and would be outlived. */
  async renew(authentication: Authentication): Promise<IssuedToken | null> {
    if (authentication.renewed) return authentication.renewed
    const { iat, exp } = authentication.claims
    const remaining = exp - Date.now() / 1000
    // By half at least: two equal ends differ by what rounding and a slow request make of them.
    const canLiveLonger = Math.min(this.#settings.tokenTimeToLive, authentication.secondsLeft) > 1.5 * remaining
    return remaining < (exp - iat) / 2 && canLiveLonger ? this.#replace(authentication.claims, false) : null
  }

  /**
   * Ends the session of a token and returns whose it was; null where there was none. Also by a token that has ended: the session may
   * have others, in hands that its user wants to end it for.
   */
  async end(token: string): Promise<string | null> {
    const claims = this.#tokens.verifyAtAnyTime(token)
    if (claims === null) return null
    const ended = await this.#database.$executeRaw(endSessionStatement(claims.sid, claims.sub))
    return ended === 1 ? claims.sub : null
  }

  /** The live sessions of a user, newest first, 100 at most. */
  list(userId: string): Promise<ListedSession[]> {
    return this.#database.$queryRaw<ListedSession[]>(listSessionsStatement(userId, this.#limits))
  }

  /** A read that goes out together with others. */
  #createRead(beside?: string): Batches<SessionKey, SessionRow | null> {
    const text = readSessionsText(this.#limits, beside)
    return createBatches<SessionKey, SessionRow | null>({
      name: sessionRead,
      watch: this.#database.watch,
      mayAskAgain: isRefusedByPostgres,
      ask: async (keys) => {
        const sessionIds = keys.map(({ sessionId }) => sessionId)
        const userIds = keys.map(({ userId }) => userId)
        const values = [sessionIds, userIds]
        const rows = await this.#database.run<(SessionRow & { place: number })[]>({ name: sessionRead, text, values })
        const found: (SessionRow | null)[] = new Array(keys.length).fill(null)
        for (const { place, ...row } of rows) found[place - 1] = row
        return found
      },
    })
  }

  async #replace(claims: Claims, isGood: boolean): Promise<IssuedToken | null> {
    const statement = replaceTokenStatement(claims, randomUUID(), isGood, this.#limits)
    const [row] = await this.#database.$queryRaw<{ tokenId: string; secondsLeft: number }[]>(statement)
    if (row === undefined) return null
    const lifetime = Math.min(this.#settings.tokenTimeToLive, row.secondsLeft)
    const token = this.#tokens.issue(claims.sub, claims.sid, lifetime, row.tokenId)
    return { token, lifetime: Math.min(this.#settings.timeToLive, row.secondsLeft) }
  }

  async #authenticateEndedBy(
    read: Batches<SessionKey, SessionRow | null>,
    claims: Claims,
  ): Promise<Authentication | null> {
    const renewed = await this.#replace(claims, false)
    const authentication = renewed && (await this.#authenticateBy(read, claims))
    return authentication && { ...authentication, renewed }
  }

  async #authenticateBy(
    read: Batches<SessionKey, SessionRow | null>,
    claims: Claims | null,
  ): Promise<Authentication | null> {
    if (claims === null) return null
    const row = await read.ask(keyOf(claims))
    if (row === null) return null
    const { isStale, isRecentlyProven, secondsLeft, restrictedFor, beside, ...user } = row
    if (isStale) await this.#database.$executeRaw(touchSessionStatement(claims.sid, this.#limits))
    return { user, sessionId: claims.sid, claims, isRecentlyProven, secondsLeft, restrictedFor, beside }
  }
}

const keyOf = ({ sid, sub }: Claims): SessionKey => ({ sessionId: sid, userId: sub })

// Who asks, as far as services have to know.

/** Somebody signed in, and the session in which they ask (both UUIDv7). */
export type Actor = Readonly<{ userId: string; sessionId: string }>
