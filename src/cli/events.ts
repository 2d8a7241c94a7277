// Events whose delivery was given up: `latchkey events parked`, `latchkey events replay --since TIME`.
import { UsageError, wholeNumber } from '../config/command-line.js'
import { parseMaintenanceSettings } from '../config/config.js'
import { parseDuration } from '../config/reader.js'
import { parkedDeliveries, replayEvents } from '../events/replay.js'
import { defineCommand, type WorkContext } from './command.js'
import { withDatabase } from './command-database.js'
import { counted } from './counted.js'
import { eventsParked, eventsReplay } from './declarations-events.js'

export const parkedCommand = defineCommand(eventsParked, listParked)
export const replayCommand = defineCommand(eventsReplay, replay)

async function listParked({ values, environment, answer }: WorkContext<typeof eventsParked.options>): Promise<number> {
  const since = timeOf(values.since)
  const limit = wholeNumber('--limit', values.limit, 1, 10_000)
  const { database: settings } = parseMaintenanceSettings(environment)
  return withDatabase(settings, async (database) => {
    const parked = await parkedDeliveries(database, since, limit)
    const lines = parked.map(({ id, type, host, attempts, error }) =>
      [id, type, host, counted(attempts, 'attempt'), error].join('  '),
    )
    answer({ parked }, lines.length === 0 ? ['Nothing was given up'] : lines)
    return 0
  })
}

async function replay({ values, environment, answer }: WorkContext<typeof eventsReplay.options>): Promise<number> {
  if (values.since === undefined) throw new UsageError('--since is needed: when the events happened')
  const since = timeOf(values.since)
  const { database: settings } = parseMaintenanceSettings(environment)
  return withDatabase(settings, async (database) => {
    const deliveries = await replayEvents(database, { since, all: values.all })
    answer({ deliveries }, [`To be made again: ${counted(deliveries, 'delivery', 'deliveries')}`])
    return 0
  })
}

/** @throws UsageError */
function timeOf(text: string): Date {
  const ago = parseDuration(text)
  if (ago !== null) return new Date(Date.now() - ago * 1_000)
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  // JavaScript takes the 31st of February for the 3rd of March.
  const day = text.slice(0, 10)
  const isDay = isTime && new Date(`${day.slice(0, 7)}-01`).getUTCMonth() === new Date(day).getUTCMonth()
  const time = new Date(isDay ? text : Number.NaN)
  if (Number.isNaN(Number(time)))
    throw new UsageError('--since must be a time such as 2026-11-20T09:00:00Z, 2026-11-20 or 12h')
  return time
}
