// The database as the service finds it: there, new enough, migrated, its clock and the rights of the role.
import type { Database, DatabaseSettings } from '../database/client.js'
import { describeFailure } from '../database/migration-failures.js'
import { migrationStatus } from '../database/migrations.js'
import type { SessionReport } from '../database/route.js'
import { type Finding, findingsOf } from './doctor-findings.js'
import { migrationSummaries } from './status.js'

const found = findingsOf('database')

const oldestVersion = 15

/** Seconds that the clocks of server and database may be apart: tokens are dated by one, codes by the other. */
const clocksApart = { warning: 2, failed: 60 }

type Facts = { version: string; major: number; rights: string[]; isStandby: boolean }

/** Returns whether the database answers. */
export async function* databaseFindings(
  database: Database,
  settings: DatabaseSettings,
): AsyncGenerator<Finding, boolean> {
  const facts = await askFacts(database)
  if (typeof facts === 'string') {
    yield found('failed', facts, 'check DATABASE_URL, and that this machine can reach the server')
    return false
  }
  yield judgeVersion(facts)
  yield* judgeStandby(facts)
  yield await migrationFinding(settings.directUrl)
  yield await clockFinding(database)
  yield* judgeSession(await database.examine())
  yield facts.rights.length === 0
    ? found('ok', 'the role of DATABASE_URL has no rights beyond its database')
    : found(
        'note',
        `the role of DATABASE_URL has more rights than the service needs: ${facts.rights.join(', ')}`,
        'give the service a role of its own that owns nothing but its database',
      )
  return true
}

async function askFacts(database: Database): Promise<Facts | string> {
  try {
    const [facts] = await database.$queryRaw<[Facts]>`
      SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
        pg_is_in_recovery() AS "isStandby",
        array_remove(ARRAY[
          CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
          CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END,
          CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END
        ], NULL) AS rights
      FROM pg_roles r WHERE r.rolname = current_user`
    return facts
  } catch (error) {
    return describeFailure(error)
  }
}

async function migrationFinding(directUrl: string): Promise<Finding> {
  try {
    const { state } = await migrationStatus(directUrl)
    const isGood = state === 'current' || state === 'ahead'
    return found(isGood ? 'ok' : 'failed', migrationSummaries[state], isGood ? undefined : 'latchkey status names them')
  } catch (error) {
    return found('failed', `migrations: ${describeFailure(error)}`, 'check DIRECT_DATABASE_URL')
  }
}

export function judgeVersion({ version, major }: Pick<Facts, 'version' | 'major'>): Finding {
  if (major >= oldestVersion) return found('ok', `PostgreSQL ${version} answers`)
  return found('failed', `PostgreSQL ${version} is too old`, `use version ${oldestVersion} or later`)
}

/** What only its sessions have set is found with them. */
export function* judgeStandby({ isStandby }: Pick<Facts, 'isStandby'>): Generator<Finding> {
  if (isStandby)
    yield found('failed', 'the database takes no writes: it is a standby', 'let DATABASE_URL lead to the primary')
}

export function* judgeSession({ faults, advice, hasLostNames }: SessionReport): Generator<Finding> {
  for (const fault of faults) {
    const hint = 'run that statement, and let the pooler, if there is one, open new connections (RECONNECT)'
    yield found('failed', fault, hint)
  }
  if (faults.length === 0) yield found('ok', 'the sessions of the service have the settings that it needs')
  if (hasLostNames)
    yield found(
      'warning',
      'a pooler in transaction mode lies before the database',
      'set DATABASE_NAMED_STATEMENTS=false',
    )
  if (advice.length > 0)
    yield found('warning', 'a pooler lies before the database, and the role lacks settings', `${advice.join('; ')}`)
}

/** The database's time lies between our times before and after the question, where the clocks agree. */
async function clockFinding(database: Database): Promise<Finding> {
  const before = Date.now() / 1000
  const [{ now }] = await database.$queryRaw<[{ now: number }]>`
    SELECT extract(epoch FROM clock_timestamp())::float8 AS now`
  return judgeClock(Math.max(0, before - now, now - Date.now() / 1000))
}

/** @param apart seconds between the clocks, at least */
export function judgeClock(apart: number): Finding {
  const hint = 'let both machines follow the same time servers (NTP)'
  const line = `the clocks of this machine and of the database are ${apart.toFixed(1)} s apart`
  if (apart >= clocksApart.failed) return found('failed', line, hint)
  return apart >= clocksApart.warning ? found('warning', line, hint) : found('ok', line)
}
