// What so many logins a second need, worked out from what one was measured to need. docs/scaling.md has the table.
import { decimals, tableOf } from '../support/table.js'
import type { Measured } from './measured.js'

/** What is taken for granted; the table says so. */
const assumed = {
  /** how often an app asks who is signed in, for each login */
  mesPerLogin: 10,
  /** share of a core's time that is planned with; the rest is for peaks and for the loss of a neighbour */
  busy: 0.6,
  /** the busiest second of a day beside its mean */
  peakToMean: 4,
  /** connections of each replica */
  pool: 10,
  /** one PostgreSQL: cores, and MB/s of log that its disk and its standbys follow */
  coresOfServer: 32,
  walOfServer: 100,
  /** days that an event is kept (`AUDIT_RETENTION`) and a session, if it is not used (`SESSION_TTL`) */
  daysOfEvents: 90,
  daysOfSessions: 7,
}

/** Logins a second, at the peak */
const steps = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]

export type Capacity = Readonly<{
  loginsPerSecond: number
  replicas: number
  postgresCores: number
  connections: number
  /** MB/s, and the same when every page goes into the log whole */
  wal: number
  walAfterCheckpoint: number
  commitsPerSecond: number
  /** millions */
  loginsPerDay: number
  /** GB of new rows a day */
  diskPerDay: number
  /** TB of events and sessions once the oldest go; devices are bounded by people, ten of each */
  diskKept: number
  shards: number
}>

export function capacityOf(measured: Measured): Capacity[] {
  return steps.map((loginsPerSecond) => capacityAt(loginsPerSecond, measured))
}

function capacityAt(logins: number, { operations, walAfterCheckpoint, rowsPerLogin, bytesPerRow }: Measured): Capacity {
  const { login, me } = operations
  const cores = (which: 'serviceCpu' | 'postgresCpu') =>
    (logins * (login[which] + assumed.mesPerLogin * me[which])) / 1000 / assumed.busy
  const replicas = Math.max(2, Math.ceil(cores('serviceCpu')))
  const postgresCores = Math.ceil(cores('postgresCpu'))
  const wal = (logins * login.walBytes) / 1e6
  const loginsPerDay = (logins * 86_400) / assumed.peakToMean
  const events = loginsPerDay * rowsPerLogin.auth_events * bytesPerRow.auth_events
  const sessions = loginsPerDay * rowsPerLogin.sessions * bytesPerRow.sessions
  const devices = loginsPerDay * rowsPerLogin.devices * bytesPerRow.devices
  return {
    loginsPerSecond: logins,
    replicas,
    postgresCores,
    connections: replicas * assumed.pool,
    wal,
    walAfterCheckpoint: (logins * walAfterCheckpoint) / 1e6,
    commitsPerSecond: logins * login.commits,
    loginsPerDay: loginsPerDay / 1e6,
    diskPerDay: (events + sessions + devices) / 1e9,
    diskKept: (events * assumed.daysOfEvents + sessions * assumed.daysOfSessions) / 1e12,
    shards: Math.max(1, Math.ceil(postgresCores / assumed.coresOfServer), Math.ceil(wal / assumed.walOfServer)),
  }
}

export function capacityTable(steps: readonly Capacity[]): string {
  const header = [
    'logins a second, at the peak',
    'replicas, a core each',
    'PostgreSQL cores',
    'connections',
    'WAL MB/s',
    'after a checkpoint',
    'commits/s',
    'million logins a day',
    'disk GB a day',
    'disk TB kept',
    'PostgreSQL servers',
  ]
  const rows = steps.map((step) => [
    decimals(step.loginsPerSecond, 0),
    decimals(step.replicas, 0),
    decimals(step.postgresCores, 0),
    decimals(step.connections, 0),
    decimals(step.wal, 1),
    decimals(step.walAfterCheckpoint, 1),
    decimals(step.commitsPerSecond, 0),
    decimals(step.loginsPerDay, 1),
    decimals(step.diskPerDay, 1),
    decimals(step.diskKept, 2),
    decimals(step.shards, 0),
  ])
  return tableOf(header, rows)
}

export function assumptions(): string {
  const { mesPerLogin, busy, peakToMean, pool, coresOfServer, walOfServer, daysOfEvents, daysOfSessions } = assumed
  return `Assumed: ${mesPerLogin} me for each login; cores ${busy * 100} % busy at the peak; the peak is ${peakToMean} times the day's mean;
a pool of ${pool}; a PostgreSQL server has ${coresOfServer} cores and writes ${walOfServer} MB of log a second; events are kept ${daysOfEvents} days,
sessions ${daysOfSessions}; every login is on a new device, of which ten of each person are kept (not in the last column but one).`
}
