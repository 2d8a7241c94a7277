// What became of messages: an event when a driver took one or none did, and another when its provider tells how it ended.
import type { Database } from '../database/client.js'
import type { Caller } from '../http/caller.js'
import type { Traffic } from '../identifiers/parser.js'
import { identifierHash } from './events.js'

export type DeliveryEvent = Readonly<{
  /** canonical; only its digest is kept */
  identifier: string
  traffic: Traffic
  report: Readonly<{
    outcome: 'accepted' | 'refused' | 'uncertain'
    driver?: string
    /** the provider's id of the message, where it has one */
    messageId?: string | undefined
  }>
}>

/** How a message ended, as its provider says. */
export type Receipt = Readonly<{
  driver: string
  messageId: string
  status: 'delivered' | 'failed'
  /** up to 200 characters, nothing personal */
  reason: string | null
}>

/** The message that a receipt is about. `isNew` is false where its end was known already. */
export type ReceivedRow = Traffic & Readonly<{ isNew: boolean }>

export type DeliveryTrail = ReturnType<typeof createDeliveryTrail>

type DeliveryTrailDependencies = {
  database: Database
  pepper: string
  /** told of an event that could not be written */
  onLoss: (error: unknown) => void
}

export function createDeliveryTrail({ database, pepper, onLoss }: DeliveryTrailDependencies) {
  const underWay = new Set<Promise<unknown>>()

  /** Writes how a delivery went. Nobody waits for it: the message is out, whether or not this can be written. */
  function note(caller: Caller, { identifier, traffic, report }: DeliveryEvent): void {
    const written = database.$executeRaw`
      INSERT INTO auth_events (event, identifier_hash, network, request_id, channel, country, driver, message_id)
      VALUES (${`delivery_${report.outcome}`}, ${identifierHash(pepper, identifier)}, ${caller.network},
        ${caller.requestId}::uuid, ${traffic.channel}, ${traffic.country}, ${report.driver ?? null},
        ${report.messageId ?? null})`.catch(onLoss)
    underWay.add(written)
    written.finally(() => underWay.delete(written))
  }

  /** Waits for the events that nobody waits for. */
  async function settle(): Promise<void> {
    await Promise.all(underWay)
  }

  /**
   * Writes how a message ended, the first time that its provider says so.
   * @returns undefined where that driver was given no message of that id
   */
  async function receive(
    caller: Caller,
    { driver, messageId, status, reason }: Receipt,
  ): Promise<ReceivedRow | undefined> {
    const event = status === 'delivered' ? 'delivery_confirmed' : 'delivery_failed'
    const [row] = await database.$queryRaw<ReceivedRow[]>`
      WITH message AS (
        SELECT identifier_hash, channel, country FROM auth_events
        WHERE event = 'delivery_accepted' AND message_id = ${messageId} AND driver = ${driver}
        ORDER BY id DESC LIMIT 1
      ),
      received AS (
        INSERT INTO auth_events
          (event, identifier_hash, network, request_id, detail, channel, country, driver, message_id)
        SELECT ${event}, message.identifier_hash, ${caller.network}, ${caller.requestId}::uuid, ${reason},
          message.channel, message.country, ${driver}, ${messageId}
        FROM message
        ON CONFLICT DO NOTHING RETURNING id
      )
      SELECT channel, country, EXISTS (SELECT FROM received) AS "isNew" FROM message`
    return row
  }

  return { note, settle, receive }
}
