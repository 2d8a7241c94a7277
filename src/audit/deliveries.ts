// What became of messages: an event when a driver took one or none did, and another when its provider tells how it ended.
import type { Database } from '../database/client.js'
import { isDatabaseUnavailable } from '../database/failures.js'
import { prepare } from '../database/prepared.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Client, LogOrigin } from '../http/client.js'
import type { MetricLabels } from '../identifiers/parser.js'
import { identifierHash } from './events.js'

export type DeliveryEvent = Readonly<{
  /** canonical; only its digest is kept */
  identifier: string
  labels: MetricLabels
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
export type ReceivedRow = MetricLabels & Readonly<{ isNew: boolean }>

export type DeliveryTrail = ReturnType<typeof createDeliveryTrail>

type DeliveryTrailDependencies = {
  database: Database
  eventKey: string
  /** told of an event that could not be written */
  onLoss: (origin: LogOrigin, error: unknown) => void
}

/** Milliseconds that an event waits for others, which nobody notices: twenty in one statement cost little more than one. */
const gathering = 20
/** Events in one statement; where as many wait, they wait no longer. */
const maxAtOnce = 100

/** A row of an event; an array of them is sent as one array for each column. */
type DeliveryRow = Readonly<{
  event: string
  identifierHash: Uint8Array<ArrayBuffer>
  network: string
  requestId: string
  channel: string
  country: string | null
  driver: string | null
  messageId: string | null
}>
type DeliveryColumns = { [Column in keyof DeliveryRow]: DeliveryRow[Column][] }

const insertDeliveries = prepare<DeliveryColumns, never[]>(
  (of) => Prisma.sql`
    INSERT INTO auth_events (event, identifier_hash, network, request_id, channel, country, driver, message_id)
    SELECT * FROM unnest(${of.event}::text[], ${of.identifierHash}::bytea[], ${of.network}::text[], ${of.requestId}::uuid[],
      ${of.channel}::text[], ${of.country}::text[], ${of.driver}::text[], ${of.messageId}::text[])`,
)

export function createDeliveryTrail({ database, eventKey, onLoss }: DeliveryTrailDependencies) {
  /** noted, not yet being written */
  let waiting: DeliveryRow[] = []
  /** the write that these go out with, or the last one */
  let writing = Promise.resolve()
  /** ends their wait for others */
  let hurry = () => {}

  /** Writes how a delivery went. Nobody waits for it: the message is out, whether or not this can be written. */
  function note(client: Client, { identifier, labels, report }: DeliveryEvent): void {
    if (waiting.length === 0) writing = writeAfter(writing)
    waiting.push({
      event: `delivery_${report.outcome}`,
      identifierHash: identifierHash(eventKey, identifier),
      network: client.network,
      requestId: client.requestId,
      ...labels,
      driver: report.driver ?? null,
      messageId: report.messageId ?? null,
    })
    if (waiting.length >= maxAtOnce) hurry()
  }

  /** One write at a time, so that a burst of events is a few commits and one connection. */
  async function writeAfter(before: Promise<void>): Promise<void> {
    await Promise.all([before, gather()])
    const rows = waiting
    waiting = []
    for (let start = 0; start < rows.length; start += maxAtOnce) await write(rows.slice(start, start + maxAtOnce))
  }

  function gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, gathering)
      hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function write(rows: readonly DeliveryRow[]): Promise<void> {
    try {
      await insertDeliveries(database, columnsOf(rows))
    } catch (error) {
      // An event that cannot be written takes no others along; where the database cannot be asked, none can be.
      if (rows.length === 1 || isDatabaseUnavailable(error)) for (const row of rows) onLoss(row, error)
      else for (const row of rows) await write([row])
    }
  }

  /** Writes the events that nobody waits for, at once. */
  async function settle(): Promise<void> {
    hurry()
    await writing
  }

  /**
   * Writes how a message ended, the first time that its provider says so.
   * @returns undefined where that driver was given no message of that id
   */
  async function receive(
    client: Client,
    { driver, messageId, status, reason }: Receipt,
  ): Promise<ReceivedRow | undefined> {
    const event = status === 'delivered' ? 'delivery_confirmed' : 'delivery_failed'
    // Some providers are quicker than the event of their message.
    await settle()
    const [row] = await database.$queryRaw<ReceivedRow[]>`
      WITH message AS (
        SELECT identifier_hash, channel, country FROM auth_events
        WHERE event = 'delivery_accepted' AND message_id = ${messageId} AND driver = ${driver}
        ORDER BY id DESC LIMIT 1
      ),
      received AS (
        INSERT INTO auth_events
          (event, identifier_hash, network, request_id, detail, channel, country, driver, message_id)
        SELECT ${event}, message.identifier_hash, ${client.network}, ${client.requestId}::uuid, ${reason},
          message.channel, message.country, ${driver}, ${messageId}
        FROM message
        ON CONFLICT DO NOTHING RETURNING id
      )
      SELECT channel, country, EXISTS (SELECT FROM received) AS "isNew" FROM message`
    return row
  }

  return { note, settle, receive }
}

function columnsOf(rows: readonly DeliveryRow[]): DeliveryColumns {
  return {
    event: rows.map(({ event }) => event),
    identifierHash: rows.map(({ identifierHash }) => identifierHash),
    network: rows.map(({ network }) => network),
    requestId: rows.map(({ requestId }) => requestId),
    channel: rows.map(({ channel }) => channel),
    country: rows.map(({ country }) => country),
    driver: rows.map(({ driver }) => driver),
    messageId: rows.map(({ messageId }) => messageId),
  }
}
