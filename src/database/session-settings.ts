// What every session of the service needs, whatever the server, the database or the role have for theirs (`ALTER … SET`): asked for as
// parameters of its start, as far as they get through, and looked at before anybody relies on them (decision 25).
import { escapeIdentifier, escapeLiteral } from 'pg'
import { waits } from './waits.js'

/**
 * Poolers in transaction mode keep these for each client, and set them on whichever connection serves it: with `client_encoding`, which
 * node-postgres asks for, and `application_name` they are all that PgBouncer takes. Prisma reads and writes times without their zone, as if
 * they were in UTC, and in ISO form.
 */
const carriedByPoolers = { TimeZone: 'UTC', DateStyle: 'ISO, MDY', standard_conforming_strings: 'on' } as const

/** What else changes what a statement means or whether it ends; of a pooler's connection the role has to have it. */
const meaning = {
  default_transaction_isolation: 'read committed',
  transform_null_equals: 'off',
  bytea_output: 'hex',
  IntervalStyle: 'postgres',
  idle_session_timeout: '0',
} as const

/** Of a pooler's connections these are better set for the role: nothing breaks without them. */
const advised = {
  statement_timeout: String(waits.statement),
  lock_timeout: String(waits.lock),
  idle_in_transaction_session_timeout: String(waits.idleInTransaction),
  /**
   * A plan that is remembered was made when its table may have been nearly empty, and would go on reading all of it until PostgreSQL
   * next analyzes the table. Every statement of the service has an index to go by. Compiling is for queries that take seconds.
   */
  enable_seqscan: 'off',
  jit: 'off',
} as const

/** The same as a role has them set, by name. */
export const advisedForRole: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(advised).map(([name, value]) => [name, /^\d+$/.test(value) ? `${value}ms` : value]),
)

export type SessionParameters = Readonly<Record<string, string>>

/** A schema as the one member of a `search_path`, what follows from `?schema=` of a connection string. */
const pathTo = (schema: string | null) => (schema === null ? {} : { search_path: escapeIdentifier(schema) })

/** @param schema of the tables; null where the search_path of the role decides */
export function serviceParameters({
  schema,
  isPooled,
}: {
  schema: string | null
  isPooled: boolean
}): SessionParameters {
  return isPooled ? carriedByPoolers : { ...carriedByPoolers, ...meaning, ...advised, ...pathTo(schema) }
}

/** A migration takes as long as it takes, and none waits long for a lock. @param lockTimeout milliseconds */
export function migrationParameters(schema: string | null, lockTimeout: number): SessionParameters {
  const patience = {
    statement_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    lock_timeout: String(lockTimeout),
  }
  return { ...carriedByPoolers, ...meaning, ...patience, ...pathTo(schema) }
}

/** Whether a session of that `TimeZone` tells and takes times in UTC. */
export function isUtc(timeZone: string): boolean {
  return /^(?:Etc\/)?(?:UTC|UCT|Universal|Zulu)$/i.test(timeZone)
}

/** Milliseconds; less than a second would end what is well. 0 is without end. */
const isLongEnough = (setting: string) => Number(setting) === 0 || Number(setting) >= 1_000

type Rule = Readonly<{ isGood: (setting: string) => boolean; wanted: string }>

const exactly = (wanted: string): Rule => ({ isGood: (setting) => setting === wanted, wanted })
const longEnough = (milliseconds: number): Rule => ({ isGood: isLongEnough, wanted: `${milliseconds}ms` })

/** What a session must not be without. Settings that a server of an older version does not have are passed over. */
const rules: Readonly<Record<string, Rule>> = {
  TimeZone: { isGood: isUtc, wanted: 'UTC' },
  DateStyle: { isGood: (setting) => setting.startsWith('ISO'), wanted: carriedByPoolers.DateStyle },
  standard_conforming_strings: exactly('on'),
  default_transaction_isolation: exactly(meaning.default_transaction_isolation),
  // Set by providers whose disk is full, too: not for the service to overrule.
  default_transaction_read_only: exactly('off'),
  transform_null_equals: exactly('off'),
  // Without triggers nothing keeps events from being changed, and no row has the others that it names.
  session_replication_role: exactly('origin'),
  statement_timeout: longEnough(waits.statement),
  lock_timeout: longEnough(waits.lock),
  idle_in_transaction_session_timeout: longEnough(waits.idleInTransaction),
  idle_session_timeout: longEnough(0),
  transaction_timeout: longEnough(0),
}

/** What a session was found to be. */
export type SessionFacts = Readonly<{
  role: string
  database: string
  /** the first schema of the search_path that is there; null where none is */
  currentSchema: string | null
  searchPath: string
  /** whether the schema of the connection string is there */
  hasSchema: boolean
  /** the schemas in which the search_path finds our tables */
  homes: readonly string[]
  /** by name, in their base units */
  settings: Readonly<Record<string, string>>
}>

/** Asks for the facts. Its parameters: the schema or null, the names of our tables, the names of settings. */
export const factsStatement = `
  SELECT session_user::text AS role, current_database()::text AS database, current_schema()::text AS "currentSchema",
    current_setting('search_path') AS "searchPath",
    EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text) AS "hasSchema",
    ARRAY(
      SELECT DISTINCT n.nspname::text FROM unnest($2::text[]) AS t (name)
      JOIN pg_class c ON c.oid = to_regclass(t.name) JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1
    ) AS homes,
    (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name = ANY($3::text[])) AS settings`

/** Those that the facts are about. */
export const settingNames: readonly string[] = [...new Set([...Object.keys(rules), ...Object.keys(advised)])]

/** The statement that gives the role a setting in this database, over whatever else is set for it. */
function remedy({ role, database }: SessionFacts, name: string, literal: string): string {
  return `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(database)} SET ${name} = ${literal}`
}

/**
 * What the service cannot work with, a line each: the setting, its value, and the statement that mends it.
 * @param schema of the connection string, or null
 */
export function faultsOf(facts: SessionFacts, schema: string | null): string[] {
  const faults = Object.entries(rules).flatMap(([name, { isGood, wanted }]) => {
    const setting = facts.settings[name]
    if (setting === undefined || isGood(setting)) return []
    return [`${name} is ${setting} in its sessions: ${remedy(facts, name, escapeLiteral(wanted))}`]
  })
  return [...faults, ...pathFaultsOf(facts, schema)]
}

function pathFaultsOf(facts: SessionFacts, schema: string | null): string[] {
  const { currentSchema, searchPath, hasSchema, homes } = facts
  if (schema !== null) {
    // One that is not there yet is made by the migrations.
    if (!hasSchema || currentSchema === schema) return []
    const path = escapeIdentifier(schema)
    return [
      `search_path is ${searchPath} in its sessions, and not ?schema=${schema}: ${remedy(facts, 'search_path', path)}`,
    ]
  }
  if (homes.length > 1)
    return [`search_path is ${searchPath}, which finds our tables in ${homes.join(' and ')}: name one with ?schema=`]
  if (currentSchema !== null) return []
  return [
    `search_path is ${searchPath}, which names no schema that the role may use: ${remedy(facts, 'search_path', 'public')}`,
  ]
}

/** What is better set for the role where a pooler carries no parameters, as statements. */
export function adviceFor(facts: SessionFacts): string[] {
  return Object.entries(advised)
    .filter(([name, wanted]) => facts.settings[name] !== wanted && ['0', 'on'].includes(String(facts.settings[name])))
    .map(([name]) => remedy(facts, name, escapeLiteral(String(advisedForRole[name]))))
}
