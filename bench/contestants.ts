// Who is measured: how each is started, which API it speaks, what its database has to say about a window.
import type { DialectName, Tally, Workload } from './protocol.js'

export type SchemaName = 'latchkey' | 'better-auth'

export type Contestant = Readonly<{
  name: string
  dialect: DialectName
  /** of the project's folder; plain JavaScript, so that nothing but Node.js runs it */
  program: string
  /** null where it needs no database */
  schema: SchemaName | null
  /** answers 200 once it can serve */
  readyPath: string
  workloads: readonly Workload[]
}>

const all: readonly Workload[] = ['send', 'login', 'signup', 'wrong', 'me', 'mix']

export const contestants: readonly Contestant[] = [
  {
    name: 'latchkey',
    dialect: 'latchkey',
    program: 'dist/server.js',
    schema: 'latchkey',
    readyPath: '/health/ready',
    workloads: all,
  },
  {
    name: 'better-auth mounted',
    dialect: 'better-auth',
    program: 'bench/servers/better-auth-mounted.mjs',
    schema: 'better-auth',
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'better-auth api',
    dialect: 'better-auth',
    program: 'bench/servers/better-auth-api.mjs',
    schema: 'better-auth',
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'ceiling',
    dialect: 'latchkey',
    program: 'bench/servers/ceiling.mjs',
    schema: 'latchkey',
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'hello',
    dialect: 'hello',
    program: 'bench/servers/hello.mjs',
    schema: null,
    readyPath: '/',
    workloads: ['hello'],
  },
]

/** Counts out of a database, by name. */
export type Counts = Readonly<Record<string, number>>

type Evidence = Readonly<{
  /** one row of counts */
  query: string
  /** what a window must have added to them */
  expected: (tally: Tally) => Counts
  /** the table in which every `me` looks its session up */
  sessions: string
}>

export const evidence: Readonly<Record<SchemaName, Evidence>> = {
  latchkey: {
    query: `SELECT
      (SELECT coalesce(sum(day_sends), 0) FROM otps)::int AS codes,
      (SELECT coalesce(sum(failures), 0) FROM otps)::int AS wrong_guesses,
      (SELECT count(*) FROM sessions)::int AS sessions,
      (SELECT count(*) FROM users)::int AS users,
      (SELECT count(*) FROM auth_events WHERE event = 'authn_token_created')::int AS events_of_codes,
      (SELECT count(*) FROM auth_events WHERE event = 'authn_login_success')::int AS events_of_logins,
      (SELECT count(*) FROM auth_events WHERE event = 'authn_login_fail' OR event = 'authn_login_lock')::int AS events_of_guesses`,
    expected: ({ sends, logins, signups, wrongs }) => ({
      codes: sends,
      wrong_guesses: wrongs,
      sessions: logins + signups,
      users: signups,
      events_of_codes: sends,
      events_of_logins: logins + signups,
      events_of_guesses: wrongs,
    }),
    sessions: 'sessions',
  },
  'better-auth': {
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
  },
}
