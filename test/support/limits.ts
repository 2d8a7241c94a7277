// The limits of identifiers, for tests that send more than a person would.
import { setImmediate } from 'node:timers/promises'
import type { Database } from '../../src/database/client.js'
import type { TestApp } from './app.js'

/** Waits for messages that no answer waits for. */
export async function messagesCame({ messages }: Pick<TestApp, 'messages'>, count: number): Promise<void> {
  while (messages.length < count) await setImmediate()
}

/** As if nothing had been sent for a day: neither cooldown nor sends of the hour and day hold anybody back, and budgets are whole. */
export async function forgetSends(database: Database): Promise<void> {
  await database.$executeRaw`UPDATE otps SET resend_at = now()`
  await database.$executeRaw`DELETE FROM identifier_limits`
  await database.$executeRaw`DELETE FROM limit_counters WHERE key ~ '^(sms|mail)_'`
}
