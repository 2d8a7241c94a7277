// The limits of identifiers, for tests that send more than a person would.
import { setImmediate } from 'node:timers/promises'
import type { Database } from '../../src/database/client.js'
import { hmac } from '../../src/database/hmac.js'
import type { TestApp } from './app.js'
import { newNumber } from './flows.js'

/** A number that a closed country does not let through in this hour, nor in the next one. */
export async function numberOutsideTheTenth({
  config,
  database,
}: Pick<TestApp, 'config' | 'database'>): Promise<string> {
  const key = hmac(config.eventKey.value, 'tenth:v1', '')
  for (;;) {
    const number = newNumber()
    // The digest of send_code.sql's is_of_the_tenth, of two hours: a test may run around the change.
    const [row] = await database.$queryRaw<[{ passes: boolean }]>`
      SELECT bool_or(get_byte(sha256(${key} || convert_to(${`+91${number}`} || ' ' ||
        extract(epoch FROM date_bin('1 hour', now(), to_timestamp(0)) + n * interval '1 hour'), 'UTF8')), 0) < 26) AS passes
      FROM generate_series(0, 1) AS n`
    if (!row.passes) return number
  }
}

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
