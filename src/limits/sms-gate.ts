// What an SMS may cost: budgets for numbers that were verified before and for those that were not, and the breaker that closes
// a country in which too few of the messages to new numbers lead to a sign-in.
import { Prisma } from '../generated/prisma/client.js'
import { type Counter, countOf, windowStart } from './counters.js'
import { type LimitSettings, windows } from './service.js'

/** Seconds that a country stays closed before it is tried again. */
export const closedFor = 900

/** What an SMS is counted on, by a condition: whether its number was verified before, by whoever has the account. */
const hourBudget = (isKnown: Prisma.Sql): Counter => ({
  key: Prisma.sql`CASE WHEN ${isKnown} THEN 'sms_hour:known' ELSE 'sms_hour:new' END`,
  window: windows.hour,
})
const dayBudget = (isKnown: Prisma.Sql): Counter => ({
  key: Prisma.sql`CASE WHEN ${isKnown} THEN 'sms_day:known' ELSE 'sms_day:new' END`,
  window: windows.day,
})

/** A country as the gate knows it: by its code, and by the keys of what the breaker compares. */
export type CountryValues = Readonly<{
  /** ISO 3166-1 alpha-2 */
  country: string
  /** of messages to new numbers */
  countrySentKey: string
  /** of those of them that were verified */
  countryVerifiedKey: string
}>

export function countryValues(country: string): CountryValues {
  return { country, countrySentKey: `country_sent:${country}`, countryVerifiedKey: `country_verified:${country}` }
}

const sentIn = ({ countrySentKey }: CountryValues): Counter => ({ key: countrySentKey, window: windows.fiveMinutes })
export const verifiedIn = ({ countryVerifiedKey }: Pick<CountryValues, 'countryVerifiedKey'>): Counter => ({
  key: countryVerifiedKey,
  window: windows.fiveMinutes,
})

/**
 * Whether too few of the messages to new numbers were verified, by windows of the last hour that began since the country was last
 * opened. The window in which it was opened counts too: it is shorter than the closing, so nothing before that is in it.
 */
function tooFewVerified(values: CountryValues, { breakerMinSends, breakerMinVerified }: LimitSettings): Prisma.Sql {
  const [sent, verified] = [sentIn(values), verifiedIn(values)]
  const countOfKey = ({ key }: Counter) => Prisma.sql`coalesce(sum(c.count) FILTER (WHERE c.key = ${key}), 0)`
  return Prisma.sql`(
    SELECT ${countOfKey(sent)} >= ${breakerMinSends}
      AND ${countOfKey(verified)} < ${breakerMinVerified}::float8 * ${countOfKey(sent)}
    FROM limit_counters c
    WHERE c.key IN (${sent.key}, ${verified.key}) AND c.window_started_at > greatest(
      now() - interval '1 hour', breaker.closed_until - make_interval(secs => ${sent.window})))`
}

/**
 * Whether an SMS to a number of the country may be sent: one row of `hour_is_over`, `day_is_over`, `country_is_closed`,
 * `country_trips` (it is to be closed now), `closed_for` (seconds). Goes beside the row `account`, which `is_proven` where the number
 * was verified before.
 */
export function smsGateStatement(values: CountryValues, settings: LimitSettings): Prisma.Sql {
  const isKnown = Prisma.sql`account.is_proven`
  return Prisma.sql`
    SELECT
      ${countOf(hourBudget(isKnown))} >= ${settings.smsBudgetPerHour} AS hour_is_over,
      ${countOf(dayBudget(isKnown))} >= ${settings.smsBudgetPerDay} AS day_is_over,
      NOT ${isKnown} AND coalesce(breaker.closed_until > now(), false) AS country_is_closed,
      NOT ${isKnown} AND coalesce(breaker.closed_until <= now(), true) AND ${tooFewVerified(values, settings)} AS country_trips,
      ceil(extract(epoch FROM breaker.closed_until - now()))::int AS closed_for
    FROM (SELECT) AS always LEFT JOIN country_breakers breaker ON breaker.country = ${values.country}`
}

/** Closes the country for a while, where nobody else has since it was found to trip: of many requests one does. */
export function closeCountryStatement(country: string): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO country_breakers AS b (country, closed_until) VALUES (${country}, now() + make_interval(secs => ${closedFor}))
    ON CONFLICT (country) DO UPDATE SET closed_until = excluded.closed_until WHERE b.closed_until <= now()`
}

/** Counts an SMS on the budgets and for the breaker, for the row of `source` with `is_known`, or for none. */
export function spendSmsStatement(values: CountryValues, shard: number, source: Prisma.Sql): Prisma.Sql {
  const isKnown = Prisma.sql`spender.is_known`
  const row = ({ key, window }: Counter, isCounted: Prisma.Sql) => Prisma.sql`
    (${key}, ${windowStart(window)}, ${windowStart(window)} + make_interval(secs => ${window}), ${isCounted})`
  return Prisma.sql`
    INSERT INTO limit_counters AS c (key, window_started_at, shard, expires_at)
    SELECT spent.key, spent.started_at, ${shard}::smallint, spent.ends_at
    FROM ${source} AS spender, LATERAL (VALUES
      ${row(sentIn(values), Prisma.sql`NOT ${isKnown}`)},
      ${row(dayBudget(isKnown), Prisma.sql`true`)},
      ${row(hourBudget(isKnown), Prisma.sql`true`)}
    ) AS spent (key, started_at, ends_at, is_counted)
    WHERE spent.is_counted
    ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = c.count + 1`
}
