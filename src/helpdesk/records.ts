// What an admin reads to help somebody: where they are signed in, what happened, what became of their messages, what their limits are.
// Identifiers are found in the trail by their digest, from the code by which they were verified on: nothing of a former holder is among it.
import { identifierHash } from '../audit/events.js'
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Prisma, User } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'
import type { SessionService } from '../sessions/service.js'
import { actorIdOf, type RequestActor } from '../users/acting.js'
import { verifiedIdentifiers } from '../users/service.js'
import { type Event, type EventPage, type PageQuery, readEvents } from './pages.js'

/** What was asked to be sent, and what became of it. */
export type SentMessage = Event & Readonly<{ receipts: Event[] }>

export type IdentifierLimits = Readonly<{
  method: 'phone' | 'email'
  sendsLeftHour: number
  sendsLeftDay: number
  failuresLeft: number
  /** until when no code is taken, because too many were wrong; null where one is */
  lockedUntil: Date | null
  /** when the next message may be sent; null for now */
  resendAt: Date | null
  /** when an admin may unlock it again; null for now */
  unlockAllowedAt: Date | null
}>

type Asked = Readonly<{ actor: RequestActor & Readonly<{ client: Client }>; id: string }>

type RecordsDependencies = {
  database: Database
  eventKey: string
  settings: OtpSettings
  sessions: Pick<SessionService, 'list'>
}

const [hour, day] = [3_600_000, 86_400_000]
/** Milliseconds that a code lives at most: the one by which an identifier was verified was sent before. */
const longestCode = 600_000
/** Devices in a list. */
const maxListed = 100
/** How a delivery ended, beside the event that it began. */
const receiptEvents = ['delivery_confirmed', 'delivery_failed']
const isDelivery: Prisma.AuthEventWhereInput = { event: { startsWith: 'delivery_' } }
const isSend: Prisma.AuthEventWhereInput = {
  OR: [
    { event: { in: ['delivery_accepted', 'delivery_refused', 'delivery_uncertain'] } },
    { event: 'excess_rate_limit_exceeded' },
  ],
}
/** How the detail of an unlock begins in the trail. */
export const unlockDetail = (method: string) => `unlock ${method}: `

export class HelpdeskRecords {
  readonly #database: Database
  readonly #eventKey: string
  readonly #settings: OtpSettings
  readonly #sessions: Pick<SessionService, 'list'>

  constructor({ database, eventKey, settings, sessions }: RecordsDependencies) {
    this.#database = database
    this.#eventKey = eventKey
    this.#settings = settings
    this.#sessions = sessions
  }

  /** @throws Problem `not_found` */
  async #user(id: string): Promise<User> {
    const user = await this.#database.user.findUnique({ where: { id } })
    if (user === null) throw new Problem('not_found')
    return user
  }

  /** Whether a user is kept out, and since when their phone and email are proven. @throws Problem `not_found` */
  async standing(id: string) {
    const { disabledAt, phoneVerifiedAt, emailVerifiedAt } = await this.#user(id)
    return { disabledAt, phoneVerifiedAt, emailVerifiedAt }
  }

  /** Where a user is signed in, newest first, 100 at most. @throws Problem `not_found` */
  async sessions(id: string) {
    await this.#user(id)
    return this.#sessions.list(id)
  }

  /** The devices that a user is known on, the last used first, 100 at most. @throws Problem `not_found` */
  async devices(id: string) {
    await this.#user(id)
    return this.#database.device.findMany({
      where: { userId: id, expiresAt: { gt: await this.#now() } },
      orderBy: [{ lastUsedAt: 'desc' }, { id: 'desc' }],
      take: maxListed,
      select: { id: true, createdAt: true, lastUsedAt: true, expiresAt: true },
    })
  }

  /** What happened to a user and at their identifiers, without deliveries. @throws Problem `not_found`, `validation_failed` */
  async events({ actor, id }: Asked, query: PageQuery): Promise<EventPage> {
    const user = await this.#user(id)
    await this.#noteReading({ actor, id }, 'events')
    return readEvents(
      this.#database,
      [{ userId: id, NOT: isDelivery }, ...this.#atIdentifiers(user, { NOT: isDelivery })],
      query,
    )
  }

  /** What they were sent, and what was refused and why. @throws Problem `not_found`, `validation_failed` */
  async messages({ actor, id }: Asked, query: PageQuery) {
    const user = await this.#user(id)
    await this.#noteReading({ actor, id }, 'messages')
    const { events, nextCursor } = await readEvents(this.#database, this.#atIdentifiers(user, isSend), query)
    const receipts = await this.#receiptsOf(events)
    const messages: SentMessage[] = events.map((event) => ({
      ...event,
      receipts:
        event.messageId === null
          ? []
          : receipts.filter(({ messageId, driver }) => messageId === event.messageId && driver === event.driver),
    }))
    return { messages, nextCursor }
  }

  #receiptsOf(events: readonly Event[]): Promise<Event[]> {
    const messageIds = events.map(({ messageId }) => messageId).filter((messageId) => messageId !== null)
    const hashes = events.map(({ identifierHash }) => identifierHash).filter((hash) => hash !== null)
    if (messageIds.length === 0) return Promise.resolve([])
    return this.#database.authEvent.findMany({
      where: { identifierHash: { in: hashes }, event: { in: receiptEvents }, messageId: { in: messageIds } },
      orderBy: { id: 'asc' },
    })
  }

  /** One condition for each identifier, whose events name no user: such as deliveries. */
  #atIdentifiers(user: User, condition: Prisma.AuthEventWhereInput): Prisma.AuthEventWhereInput[] {
    return verifiedIdentifiers(user).map(({ identifier, since }) => ({
      ...{
        identifierHash: identifierHash(this.#eventKey, identifier),
        happenedAt: { gte: new Date(since.getTime() - longestCode) },
      },
      AND: [condition, ...(condition === isSend ? [] : [{ userId: null }])],
    }))
  }

  /** Who looked at whom is an event, of each page: a cursor could be made up. */
  async #noteReading({ actor, id }: Asked, list: string): Promise<void> {
    if (actor.userId === id) return
    const { network, requestId } = actor.client
    const event = { event: 'sensitive_read', userId: id, actorId: actorIdOf(actor), detail: list }
    await this.#database.authEvent.create({ data: { ...event, network, requestId } })
  }

  /** What the user's identifiers have left. @throws Problem `not_found` */
  async limits(id: string): Promise<IdentifierLimits[]> {
    const user = await this.#user(id)
    const now = (await this.#now()).getTime()
    const named = (['phone', 'email'] as const).flatMap((method) => {
      const identifier = user[method]
      return identifier === null ? [] : [{ method, identifier }]
    })
    return Promise.all(named.map(({ method, identifier }) => this.#limitsOf(method, identifier, now)))
  }

  async #limitsOf(method: 'phone' | 'email', identifier: string, now: number): Promise<IdentifierLimits> {
    const { maxSendsPerHour, maxSendsPerDay, maxFailuresPerDay } = this.#settings
    const [sends, code, unlock] = await Promise.all([
      this.#database.identifierLimit.findUnique({ where: { identifier } }),
      this.#database.otp.findUnique({
        where: { identifier_purpose_lane: { identifier, purpose: 'sign_in', lane: '' } },
      }),
      lastUnlock(this.#database, { hash: identifierHash(this.#eventKey, identifier), method, now }),
    ])
    const isOpen = (start: Date | null | undefined, length: number) => start != null && start.getTime() + length > now
    const later = (moment: Date) => (moment.getTime() > now ? moment : null)
    const failures = isOpen(code?.failuresStartedAt, day) ? Number(code?.failures) : 0
    const failuresLeft = Math.max(0, maxFailuresPerDay - failures)
    return {
      method,
      sendsLeftHour: Math.max(0, maxSendsPerHour - (isOpen(sends?.hourStartedAt, hour) ? Number(sends?.hourSends) : 0)),
      sendsLeftDay: Math.max(0, maxSendsPerDay - (isOpen(sends?.dayStartedAt, day) ? Number(sends?.daySends) : 0)),
      failuresLeft,
      lockedUntil: failuresLeft === 0 ? new Date(Number(code?.failuresStartedAt) + day) : null,
      resendAt: code?.consumedAt === null ? later(code.resendAt) : null,
      unlockAllowedAt: unlock === null ? null : new Date(unlock.getTime() + day),
    }
  }

  /** The database's time, by which everything else is dated. */
  async #now(): Promise<Date> {
    const [{ now }] = await this.#database.$queryRaw<[{ now: Date }]>`SELECT now() AS now`
    return now
  }
}

/** When an identifier was unlocked in the last 24 hours, whoever had it; null where nobody did. */
export async function lastUnlock(
  database: Pick<Prisma.TransactionClient, 'authEvent'>,
  { hash, method, now }: Readonly<{ hash: Uint8Array<ArrayBuffer>; method: string; now: number }>,
): Promise<Date | null> {
  const event = await database.authEvent.findFirst({
    where: {
      identifierHash: hash,
      // However many events there are, of one day alone: who is attacked has most of them.
      happenedAt: { gt: new Date(now - day) },
      ...{ event: 'authz_admin', detail: { startsWith: unlockDetail(method) } },
    },
    orderBy: { happenedAt: 'desc' },
    select: { happenedAt: true },
  })
  return event?.happenedAt ?? null
}
