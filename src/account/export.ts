// Everything that is stored about a user, as one JSON document. The events, which may be many, are read and written in batches.
// Columns are named one by one, so that no digest and no secret is among them.
import { type AuditTrail, identifierHash } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Prisma } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'
import { verifiedIdentifiers } from '../users/service.js'

/** Events that are in memory at once. */
const batchSize = 500

/** A place in the order of events: after this one. */
type Place = Readonly<{ happenedAt: Date; id: bigint }>

type ExportDependencies = { database: Database; audit: AuditTrail; eventKey: string }

export class AccountExport {
  readonly #database: Database
  readonly #audit: AuditTrail
  readonly #eventKey: string

  constructor({ database, audit, eventKey }: ExportDependencies) {
    this.#database = database
    this.#audit = audit
    this.#eventKey = eventKey
  }

  /**
   * The document `{success, data: {…, events}}`, in pieces. That somebody took it is an event, which is in it.
   * @throws Problem `unauthorized` for who is gone; before the first piece
   */
  async open(userId: string, client: Client): Promise<AsyncGenerator<string>> {
    await this.#audit.record(client, { event: 'sensitive_read', userId, detail: 'export' })
    const found = await this.#database.user.findUnique({ where: { id: userId }, omit: { nameKey: true } })
    if (found === null) throw new Problem('unauthorized', { invalidToken: true })
    const { publicMetadata, ...user } = found
    const verified = verifiedIdentifiers(user)
    const account = {
      exported_at: new Date(),
      user,
      ...(await this.#readLists(
        userId,
        verified.map(({ identifier }) => identifier),
      )),
    }
    return this.#write(account, publicMetadata, this.#readEvents(userId, verified))
  }

  async *#write(account: object, metadata: unknown, batches: AsyncGenerator<object[]>): AsyncGenerator<string> {
    // As it was written: its members are no columns.
    yield `{"success":true,"data":${toJson(account).slice(0, -1)},"public_metadata":${JSON.stringify(metadata)},"events":[`
    let separator = ''
    for await (const events of batches) {
      yield separator + events.map(toJson).join(',')
      separator = ','
    }
    yield ']}}'
  }

  /**
   * All but the events: few, since each has its limits.
   * @param identifiers the verified ones: an unverified one may be somebody else's
   */
  async #readLists(userId: string, identifiers: string[]): Promise<object> {
    const ofUser = { where: { userId }, orderBy: { id: 'asc' }, omit: { userId: true } } as const
    const ofIdentifiers = { where: { identifier: { in: identifiers } } }
    const codes = await this.#database.otp.findMany({
      ...ofIdentifiers,
      orderBy: [{ identifier: 'asc' }, { purpose: 'asc' }, { lane: 'asc' }],
    })
    return {
      addresses: await this.#database.address.findMany(ofUser),
      sessions: await this.#database.session.findMany({
        where: { userId },
        orderBy: { id: 'asc' },
        select: {
          id: true,
          device: true,
          network: true,
          createdAt: true,
          lastSeenAt: true,
          provedAt: true,
          expiresAt: true,
          restrictedUntil: true,
        },
      }),
      passkeys: await this.#database.passkey.findMany({
        ...ofUser,
        omit: { userId: true, credentialId: true, publicKey: true, counter: true },
      }),
      devices: await this.#database.device.findMany({ ...ofUser, omit: { userId: true, tokenHash: true } }),
      codes: codes.map((code) => ({
        identifier: code.identifier,
        purpose: code.purpose,
        onDevice: code.lane !== '',
        expiresAt: code.expiresAt,
        consumedAt: code.consumedAt,
        attempts: code.attempts,
        resendAt: code.resendAt,
        failuresStartedAt: code.failuresStartedAt,
        failures: code.failures,
      })),
      sends: await this.#database.identifierLimit.findMany({
        ...ofIdentifiers,
        orderBy: { identifier: 'asc' },
        omit: { countedBy: true },
      }),
      signupTickets: await this.#database.signupTicket.findMany({
        where: { phone: { in: identifiers } },
        orderBy: { createdAt: 'asc' },
        omit: { tokenHash: true },
      }),
      recycleTickets: await this.#database.recycleTicket.findMany({
        where: { userId },
        orderBy: { createdAt: 'asc' },
        omit: { userId: true, tokenHash: true },
      }),
    }
  }

  async *#readEvents(userId: string, verified: { identifier: string; since: Date }[]): AsyncGenerator<object[]> {
    // One condition for each index that finds some of them. No event fits two.
    const conditions: Prisma.AuthEventWhereInput[] = [
      // what happened to the user
      { userId },
      // what the user did to others, as an admin
      { actorId: userId, OR: [{ userId: null }, { userId: { not: userId } }] },
      // What happened at an identifier without a user's being known, such as deliveries; since it is verified, so that nothing of a
      // former holder is among it.
      ...verified.map(({ identifier, since }) => ({
        identifierHash: identifierHash(this.#eventKey, identifier),
        userId: null,
        happenedAt: { gte: since },
      })),
    ]
    for (const condition of conditions) yield* this.#readBatches(condition, userId)
  }

  async *#readBatches(condition: Prisma.AuthEventWhereInput, userId: string): AsyncGenerator<object[]> {
    let last: Place | undefined = { happenedAt: new Date(0), id: 0n }
    while (last !== undefined) {
      const batch: ExportedEvent[] = await this.#database.authEvent.findMany({
        where: { AND: [condition, isAfter(last)] },
        orderBy: [{ happenedAt: 'asc' }, { id: 'asc' }],
        take: batchSize,
      })
      if (batch.length > 0) yield batch.map((event) => exported(event, userId))
      last = batch.length < batchSize ? undefined : batch.at(-1)
    }
  }
}

type ExportedEvent = Prisma.AuthEventGetPayload<object>

/** The first condition lets PostgreSQL begin in the middle of its index. */
function isAfter({ happenedAt, id }: Place): Prisma.AuthEventWhereInput {
  return { happenedAt: { gte: happenedAt }, OR: [{ happenedAt: { gt: happenedAt } }, { id: { gt: id } }] }
}

/** Of others who took part nothing is told but that it was an admin: the network that they were in, and their request, are theirs. */
function exported({ id, userId, actorId, identifierHash, ...event }: ExportedEvent, ofUser: string): object {
  if (actorId === null || actorId === ofUser) return { ...event, by: 'user' }
  return { ...event, network: null, requestId: null, by: 'admin' }
}

/** Names are those of the columns, times as in all other answers: `2026-11-22T09:00:00.000Z`. */
function toJson(value: object): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).map(([name, inner]) => [columnName(name), inner]))
      : member,
  )
}

const columnName = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
