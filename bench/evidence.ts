// What a contestant's database has to say about a window: counts that must have grown by exactly what was answered rightly.
import type { Tally } from './protocol.js'

/** Counts out of a database, by name. */
export type Counts = Readonly<Record<string, number>>

export type Evidence = Readonly<{
  /** one row of counts */
  query: string
  /** what a window must have added to them */
  expected: (tally: Tally) => Counts
  /** the table in which every `me` looks its session up */
  sessions: string
}>

const latchkeyEvents = `
  (SELECT count(*) FROM auth_events WHERE event = 'authn_token_created')::int AS events_of_codes,
  (SELECT count(*) FROM auth_events WHERE event = 'authn_login_success')::int AS events_of_logins,
  (SELECT count(*) FROM auth_events WHERE event = 'authn_login_fail' OR event = 'authn_login_lock')::int AS events_of_guesses`

const expectedRows = ({ sends, logins, signups, wrongs }: Tally): Counts => ({
  sessions: logins + signups,
  users: signups,
  events_of_codes: sends,
  events_of_logins: logins + signups,
  events_of_guesses: wrongs,
})

export const latchkeyEvidence: Evidence = {
  query: `SELECT
    (SELECT coalesce(sum(day_sends), 0) FROM identifier_limits)::int AS codes,
    (SELECT coalesce(sum(failures), 0) FROM otps)::int AS wrong_guesses,
    (SELECT count(*) FROM sessions)::int AS sessions,
    (SELECT count(*) FROM users)::int AS users,${latchkeyEvents}`,
  expected: (tally) => ({
    codes: tally.sends,
    wrong_guesses: tally.wrongs,
    ...expectedRows(tally),
  }),
  sessions: 'sessions',
}

/**
 * The same without reading whole tables of millions between windows, which would leave other pages in memory than the load
 * does: what came since the tables were filled, found by its times. What `otps` counted is held against the events in the end.
 */
export const grownEvidence: Evidence = {
  query: `SELECT
    (SELECT count(*) FROM sessions WHERE expires_at > now() + interval '6 days 12 hours')::int AS sessions,
    (SELECT count(*) FROM users WHERE created_at > now() - interval '12 hours')::int AS users,${latchkeyEvents}`,
  expected: expectedRows,
  sessions: 'sessions',
}

export const betterAuthEvidence: Evidence = {
  // A code's row goes when it is used, and keeps the number of wrong guesses behind its colon.
  query: `SELECT
    (SELECT count(*) FROM verification)::int AS codes,
    (SELECT coalesce(sum(split_part(value, ':', 2)::int), 0) FROM verification)::int AS wrong_guesses,
    (SELECT count(*) FROM session)::int AS sessions,
    (SELECT count(*) FROM "user")::int AS users`,
  expected: ({ sends, logins, signups, wrongs }) => ({
    codes: sends - logins - signups,
    wrong_guesses: wrongs,
    sessions: logins + signups,
    users: signups,
  }),
  sessions: 'session',
}
