// What an SMS may cost: budgets for numbers that were verified before and for those that were not, and the breaker that closes
// a country in which too few of the messages to new numbers lead to a sign-in.
import { Prisma } from '../generated/prisma/client.js'
import { type Counter, countOf, windowStart } from './counters.js'
import { type LimitSettings, windows } from './service.js'

/** Seconds that a country stays closed before it is tried again. */
export const closedFor = 900

/** Whose numbers: those that were verified before, by whoever has the account, and those that were not. */
type Traffic = 'new' | 'known'

const hourOf = (traffic: Traffic): Counter => ({ key: `sms_hour:${traffic}`, window: windows.hour })
const dayOf = (traffic: Traffic): Counter => ({ key: `sms_day:${traffic}`, window: windows.day })

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
 * The counts of the last hour since the country was last opened, by windows that began in it. The window in which it was opened
 * counts too: it is shorter than the closing, so nothing before that is in it.
 */
function recentCount({ key, window }: Counter): Prisma.Sql {
  return Prisma.sql`(
    SELECT coalesce(sum(c.count), 0) FROM limit_counters c
    WHERE c.key = ${key}
      AND c.window_started_at > greatest(now() - interval '1 hour', breaker.closed_until - make_interval(secs => ${window})))`
}

/**
 * Whether an SMS to a number of the country may be sent: one row of `hour_is_over`, `day_is_over`, `country_is_closed`,
 * `country_trips` (it closes now), `closed_for` (seconds). Needs the part `account`, with a row that `is_proven` where the number was verified before.
 */
export function smsGateStatement(values: CountryValues, settings: LimitSettings): Prisma.Sql {
  const { smsBudgetPerHour, smsBudgetPerDay, breakerMinSends, breakerMinVerified } = settings
  const isOver = (counter: (traffic: Traffic) => Counter, most: number) => Prisma.sql`
    CASE WHEN who.is_known THEN ${countOf(counter('known'))} ELSE ${countOf(counter('new'))} END >= ${most}`
  return Prisma.sql`
    SELECT
      ${isOver(hourOf, smsBudgetPerHour)} AS hour_is_over,
      ${isOver(dayOf, smsBudgetPerDay)} AS day_is_over,
      NOT who.is_known AND breaker.closed_until > now() AS country_is_closed,
      NOT who.is_known AND breaker.closed_until <= now()
        AND recent.sent >= ${breakerMinSends} AND recent.verified < ${breakerMinVerified}::float8 * recent.sent AS country_trips,
      ceil(extract(epoch FROM breaker.closed_until - now()))::int AS closed_for
    FROM
      (SELECT EXISTS (SELECT FROM account WHERE is_proven) AS is_known) AS who,
      (SELECT coalesce(max(b.closed_until), to_timestamp(0)) AS closed_until FROM country_breakers b WHERE b.country = ${values.country})
        AS breaker,
      LATERAL (SELECT ${recentCount(sentIn(values))} AS sent, ${recentCount(verifiedIn(values))} AS verified) AS recent`
}

/** Closes the country for a while, where the part `sms` says that it trips. */
export function closeCountryStatement({ country }: Pick<CountryValues, 'country'>): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO country_breakers AS b (country, closed_until)
    SELECT ${country}, now() + make_interval(secs => ${closedFor}) FROM sms WHERE sms.country_trips
    ON CONFLICT (country) DO UPDATE SET closed_until = excluded.closed_until WHERE b.closed_until <= now()`
}

/** Counts an SMS on the budgets and for the breaker, for the row of `source` with `is_known`, or for none. */
export function spendSmsStatement(values: CountryValues, shard: number, source: Prisma.Sql): Prisma.Sql {
  const row = ({ key, window }: Counter, isCounted: Prisma.Sql) => Prisma.sql`
    (${key}, ${windowStart(window)}, ${windowStart(window)} + make_interval(secs => ${window}), ${isCounted})`
  const isKnown = Prisma.sql`spender.is_known`
  const isNew = Prisma.sql`NOT spender.is_known`
  return Prisma.sql`
    INSERT INTO limit_counters AS c (key, window_started_at, shard, expires_at)
    SELECT spent.key, spent.started_at, ${shard}::smallint, spent.ends_at
    FROM ${source} AS spender, LATERAL (VALUES
      ${row(sentIn(values), isNew)},
      ${row(dayOf('new'), isNew)}, ${row(hourOf('new'), isNew)},
      ${row(dayOf('known'), isKnown)}, ${row(hourOf('known'), isKnown)}
    ) AS spent (key, started_at, ends_at, is_counted)
    WHERE spent.is_counted
    ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = c.count + 1`
}
