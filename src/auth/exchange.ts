// One-time codes with which the sign-in page sends people back to another origin, and the sessions that these origins get for them
// (contract §14; RFC 6749 §4.1, with PKCE: RFC 7636). A code is good once, for a minute, for the origin that it was sent to and whoever
// has the verifier of its challenge.
import { hash, timingSafeEqual } from 'node:crypto'
import type { AuthEventName } from '../audit/events.js'
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { ExchangeCode, Prisma } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'
import type { Limits } from '../limits/service.js'
import type { SessionDrafts } from '../sessions/drafts.js'
import { proofLifetime } from '../sessions/statements.js'
import {
  type Act,
  type LockedSession,
  type LockedUser,
  lockSessionStatement,
  lockUsersStatement,
  transactionPatience,
  type UserActor,
} from '../users/acting.js'
import { draftTicket, hashTicket } from './signup-tickets.js'

/** Seconds that a code is good for. */
export const codeTimeToLive = 60

/** Seconds for which a second use of a code is noticed: afterwards its row is gone, and it is a code that nobody knows. */
const memoryOfUse = 86_400

/** Whom a code is for. */
export type CodeRequest = Readonly<{
  /** in RETURN_TO_ORIGINS */
  origin: string
  /** BASE64URL of SHA-256 of the verifier */
  codeChallenge: string
}>

/** What somebody shows for a session. */
export type Redemption = Readonly<{
  code: string
  codeVerifier: string
  /** the header Origin: undefined where a back end asks */
  origin: string | undefined
}>

export type Exchanged = Readonly<{ user: UserRow; token: string }>

/** What became of a code that is known. Whoever has a code can show it for ever: what comes of that again is not yet in the trail. */
type Outcome = Readonly<{ event: AuthEventName; detail: string; exchanged?: Exchanged; isAgain?: true }>

type Happening = Readonly<{ event: AuthEventName; detail: string; userId?: string }>

type ExchangeDependencies = {
  database: Database
  act: Act
  sessionDrafts: SessionDrafts
  limits: Limits
  audit: { record: (client: Client, happening: Happening) => Promise<void> }
}

/** SHA-256, by which a verifier and a challenge are compared. */
const digestOf = (verifier: string) => hash('sha256', verifier, 'buffer')
/** Origins are as long as host names may be; an event says less. */
const shortened = (origin: string) => origin.replace(/^https?:\/\//, '').slice(0, 100)

export class Exchange {
  readonly #database: Database
  readonly #act: Act
  readonly #sessionDrafts: SessionDrafts
  readonly #limits: Limits
  readonly #audit: ExchangeDependencies['audit']

  constructor({ database, act, sessionDrafts, limits, audit }: ExchangeDependencies) {
    this.#database = database
    this.#act = act
    this.#sessionDrafts = sessionDrafts
    this.#limits = limits
    this.#audit = audit
  }

  /**
   * A code for an origin, of somebody who signed in or proved it again a moment ago: a session that somebody left open opens no others.
   * @throws Problem `step_up_required`; those of `act`
   */
  issue({ origin, codeChallenge }: CodeRequest, actor: UserActor): Promise<string> {
    const { userId, sessionId } = actor
    return this.#act(actor, {}, async ({ transaction, now, record }) => {
      const session = await transaction.session.findUniqueOrThrow({ where: { id: sessionId } })
      // A fixed code of TEST_OTPS proves nothing, and signs in all the same: such a session is only fresh.
      const since = Math.max(Number(session.createdAt), Number(session.provedAt))
      if (since <= Number(now) - proofLifetime * 1_000) throw new Problem('step_up_required')
      const { ticket, ticketHash: tokenHash } = draftTicket()
      const expiresAt = new Date(Number(now) + codeTimeToLive * 1_000)
      const challenge = new Uint8Array(Buffer.from(codeChallenge, 'base64url'))
      await transaction.exchangeCode.create({ data: { tokenHash, userId, sessionId, origin, challenge, expiresAt } })
      await record({ event: 'authn_token_created', userId, detail: `exchange: ${shortened(origin)}` })
      return ticket
    })
  }

  /**
   * Opens a session for who shows a code and its verifier. The first time that a code is shown uses it up, whatever comes with it; a second
   * time with the right verifier ends the session that the first one opened, since one of both has stolen it (RFC 6749 §4.1.2). That is
   * told once; what comes after it is a wrong code like any other.
   * @throws Problem `exchange_invalid`, the same for all reasons; `rate_limited` for an address from which too many wrong ones came
   */
  async redeem(redemption: Redemption, client: Client): Promise<Exchanged> {
    const tokenHash = hashTicket(redemption.code)
    const known = await this.#database.exchangeCode.findUnique({ where: { tokenHash } })
    if (known === null) return this.#refuse(client, { event: 'authn_login_fail', detail: 'exchange: unknown' })
    const outcome = await this.#use(known, redemption, client)
    if (outcome?.exchanged) return outcome.exchanged
    if (!outcome?.isAgain) return this.#refuse(client, null)
    const { event, detail } = outcome
    return this.#refuse(client, { event, detail, userId: known.userId })
  }

  /** @param happening what is not in the trail yet: it comes there while the address is within its limit, or whoever floods us fills it */
  async #refuse(client: Client, happening: Happening | null): Promise<never> {
    const { retryAfter, isFirst } = await this.#limits.countFailedExchange(client.block)
    if (retryAfter === null) {
      if (happening !== null) await this.#audit.record(client, happening)
      throw new Problem('exchange_invalid')
    }
    if (isFirst) await this.#audit.record(client, { event: 'excess_rate_limit_exceeded', detail: 'exchange: address' })
    throw new Problem('rate_limited', { retryAfter })
  }

  /** Uses a code up. Of two at once, the second one waits for the user's row and finds it used. */
  async #use({ tokenHash, userId, sessionId }: ExchangeCode, redemption: Redemption, client: Client) {
    const { network, requestId } = client
    const perform = async (transaction: Prisma.TransactionClient) => {
      // In the order that all keep to: the user, then sessions.
      const [user] = await transaction.$queryRaw<LockedUser[]>(lockUsersStatement([userId], false))
      const [locked] = await transaction.$queryRaw<[LockedSession]>(lockSessionStatement({ userId, sessionId }))
      const isLive = user !== undefined && user.disabledAt === null && locked.sessionId !== null
      const code = await transaction.exchangeCode.findUnique({ where: { tokenHash } })
      const outcome = await this.#judge(transaction, { code, isLive, now: locked.now }, redemption)
      if (outcome === null || outcome.isAgain) return outcome
      const { event, detail } = outcome
      await transaction.authEvent.create({
        data: { event, detail, userId, network, requestId, happenedAt: locked.now },
      })
      return outcome
    }
    return this.#database.$transaction(perform, { isolationLevel: 'ReadCommitted', ...transactionPatience })
  }

  /** Null where the user, and the code with them, was deleted in this moment. */
  async #judge(
    transaction: Prisma.TransactionClient,
    { code, isLive, now }: Readonly<{ code: ExchangeCode | null; isLive: boolean; now: Date }>,
    { codeVerifier, origin }: Redemption,
  ): Promise<Outcome | null> {
    if (code === null) return null
    const { tokenHash, userId, sessionId } = code
    const isProven = timingSafeEqual(digestOf(codeVerifier), code.challenge)
    if (code.consumedAt !== null) {
      // Without the verifier it is a code that somebody has seen, and no reason to sign its owner out.
      if (!isProven || code.openedSessionId === null) {
        return { event: 'authn_login_fail', detail: 'exchange: used', isAgain: true }
      }
      const opened = await this.#openedBy(transaction, userId, code.openedSessionId)
      await transaction.session.deleteMany({ where: { id: { in: opened }, userId } })
      await transaction.exchangeCode.update({ where: { tokenHash }, data: { openedSessionId: null } })
      return { event: 'authn_token_reuse', detail: 'exchange: used twice' }
    }

    const fault = [
      code.expiresAt <= now && 'expired',
      !isProven && 'wrong verifier',
      origin !== undefined && origin !== code.origin && 'another origin',
      !isLive && 'session over',
    ].find((each) => each !== false)
    const parent =
      fault === undefined ? await transaction.session.findUniqueOrThrow({ where: { id: sessionId } }) : null
    const branch = parent && this.#sessionDrafts.branch(parent, shortened(code.origin), now)
    await transaction.exchangeCode.update({
      where: { tokenHash },
      data: {
        consumedAt: now,
        openedSessionId: branch?.values.id ?? null,
        expiresAt: new Date(Number(now) + memoryOfUse * 1_000),
      },
    })
    if (branch === null) return { event: 'authn_login_fail', detail: `exchange: ${fault}` }
    await transaction.session.create({ data: branch.values })
    const user = await transaction.user.findUniqueOrThrow({ where: { id: userId } })
    const detail = `exchange: ${shortened(code.origin)}`
    return { event: 'authn_login_success', detail, exchanged: { user, token: branch.token } }
  }

  /** A session, and what was opened by codes that it was given: whoever stole one code has made others of it meanwhile. */
  async #openedBy(transaction: Prisma.TransactionClient, userId: string, sessionId: string): Promise<string[]> {
    const codes = await transaction.exchangeCode.findMany({
      where: { userId, openedSessionId: { not: null } },
      select: { sessionId: true, openedSessionId: true },
      orderBy: { consumedAt: 'asc' },
    })
    const all = new Set([sessionId])
    // In the order in which they were opened, by the one clock: none is before the one that it was made of.
    for (const each of codes) if (all.has(each.sessionId)) all.add(String(each.openedSessionId))
    return [...all]
  }
}
