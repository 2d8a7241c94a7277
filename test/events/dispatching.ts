// A dispatcher that looks often, beside an app with two users, and what tests of it ask and wait for.
import type { Test } from 'tap'
import type { Endpoint } from '../../src/config/event-settings.js'
import type { Database } from '../../src/database/client.js'
import { EventDispatcher } from '../../src/events/dispatcher.js'
import type { EventTelemetry } from '../../src/events/event-telemetry.js'
import type { DispatcherTimes } from '../../src/events/times.js'
import { startApp, type TestApp } from '../support/app.js'
import { insertUser } from '../users/people.js'
import { type Received, type Receiver, secret } from './receiver.js'

export const keys = [Buffer.from(secret.slice(6), 'base64')]
export const idOf = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
export const [asha, ravi] = [idOf(1), idOf(2)]

type Options = { times?: Partial<DispatcherTimes>; endpoints?: readonly Endpoint[]; tellsIdentifiers?: boolean }

/** A dispatcher that looks often, and what it tells. */
export function dispatch(t: Test, database: Database, { url }: Pick<Receiver, 'url'>, options: Options = {}) {
  const telemetry: EventTelemetry[] = []
  const dispatcher = new EventDispatcher({
    database,
    endpoints: options.endpoints ?? [{ url, keys }],
    tellsIdentifiers: options.tellsIdentifiers ?? false,
    onTelemetry: (event) => void telemetry.push(event),
    times: { idle: 5, follow: 5, firstRetry: 0.05, ...options.times },
  })
  dispatcher.start()
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= dispatcher.stop()
    return stopping
  }
  t.teardown(stop)
  return { telemetry, stop }
}

/** Endpoints hear of what happens once they are known. */
export const untilKnown = (database: Database, count = 1) =>
  until(async () => (await database.eventEndpoint.count()) === count)

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}

export const rename = ({ database }: TestApp, id: string, userName: string) =>
  database.user.update({ where: { id }, data: { userName } })
export const ofUser = (taken: readonly Received[], id: string) => taken.filter(({ data }) => data.user_id === id)
export const waiting = (database: Database) => database.eventDelivery.findMany({ orderBy: { position: 'asc' } })

export async function startWithTwo(t: Test) {
  const service = await startApp(t)
  await insertUser(service, asha, 'Asha', { phone: '+919876543210' })
  await insertUser(service, ravi, 'Ravi', { email: 'ravi@example.com' })
  return service
}
