// The role that the service works as: rights on rows, and none to change what they are rows of. Statements for the owner of the tables,
// which is the role that migrates.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { escapeIdentifier, escapeLiteral } from 'pg'
import { functionSchemaPrefix } from './function-files.js'
import { advisedForRole } from './session-settings.js'

/** Rights on the rows of a table. */
const onRows = 'SELECT, INSERT, UPDATE, DELETE'

/**
 * Tables of which the service needs less: events are appended, and deleted by the cleanup, which locks them first, for which PostgreSQL
 * asks for UPDATE on one column; which migrations ran it only asks.
 */
const onFewer: Readonly<Record<string, string>> = {
  auth_events: 'SELECT, INSERT, DELETE, UPDATE (id)',
  _prisma_migrations: 'SELECT',
}

export type ServiceRole = Readonly<{
  role: string
  database: string
  /** of the tables */
  schema: string
  /** that are there, those of `_prisma_migrations` and of the service */
  tables: readonly string[]
  /** schemas of functions that are there */
  functionSchemas: readonly string[]
}>

/** Makes the role. Its password is in none of it, but what the server would make of it: logs of statements do not tell it. */
export function createRoleStatement(role: string, password: string): string {
  const nothingMore = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
  return `CREATE ROLE ${escapeIdentifier(role)} ${nothingMore} PASSWORD ${escapeLiteral(scramVerifier(password))}`
}

/**
 * Gives it its rights, on what is there and on what later migrations make; takes back any other on these tables. What may be run again
 * and again.
 */
export function grantStatements({ role, database, schema, tables, functionSchemas }: ServiceRole): string[] {
  const [to, at] = [escapeIdentifier(role), escapeIdentifier(schema)]
  const nameOf = (table: string) => `${at}.${escapeIdentifier(table)}`
  return [
    `GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${to}`,
    `GRANT USAGE ON SCHEMA ${at} TO ${to}`,
    ...tables.flatMap((table) => [
      `REVOKE ALL ON TABLE ${nameOf(table)} FROM ${to}`,
      `GRANT ${onFewer[table] ?? onRows} ON TABLE ${nameOf(table)} TO ${to}`,
    ]),
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${at} TO ${to}`,
    ...functionSchemas
      .map(escapeIdentifier)
      .flatMap((name) => [
        `GRANT USAGE ON SCHEMA ${name} TO ${to}`,
        `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${name} TO ${to}`,
      ]),
    // Schemas of functions that later releases make: whoever may insert codes is let in by the migrations (functions.ts).
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${at} GRANT ${onRows} ON TABLES TO ${to}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${at} GRANT USAGE ON SEQUENCES TO ${to}`,
  ]
}

/** What its sessions have where a pooler carries no settings (deploy/README.md). */
export function settingStatements({ role }: Pick<ServiceRole, 'role'>): string[] {
  const settings = Object.entries(advisedForRole)
  return settings.map(([name, value]) => `ALTER ROLE ${escapeIdentifier(role)} SET ${name} = ${escapeLiteral(value)}`)
}

/**
 * What a role can do that no right on rows gives and none takes back, itself or as whom it may become: changing the tables, reading past
 * all rights, making roles. A superuser may become everybody.
 */
const excessOfRole = `
  SELECT DISTINCT excess FROM pg_roles r
    JOIN pg_roles m ON m.oid = r.oid OR NOT r.rolsuper AND pg_has_role(r.oid, m.oid, 'MEMBER'),
    unnest(ARRAY[
      CASE WHEN m.rolsuper THEN 'SUPERUSER' END, CASE WHEN m.rolcreaterole THEN 'CREATEROLE' END,
      CASE WHEN m.rolcreatedb THEN 'CREATEDB' END, CASE WHEN m.rolreplication THEN 'REPLICATION' END,
      CASE WHEN m.rolbypassrls THEN 'BYPASSRLS' END,
      CASE WHEN m.rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program') THEN m.rolname END,
      CASE WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = place.schema AND c.relkind IN ('r', 'p') AND c.relowner = m.oid) THEN 'owner of tables' END
    ]::text[]) AS excess
  WHERE r.rolname = $1 AND excess IS NOT NULL ORDER BY 1`

/** What is there to be granted, and who asks. Its parameters: the role, the schema or null. */
export const placeStatement = `
  WITH place AS (SELECT coalesce($2::text, (
    SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('otps'))) AS schema)
  SELECT current_database()::text AS database, place.schema, current_user::text AS owner,
    EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "isThere", ARRAY(${excessOfRole}) AS excess,
    (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) AS "mayCreate",
    ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = place.schema AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1) AS tables,
    ARRAY(SELECT n.nspname::text FROM pg_namespace n
      WHERE starts_with(n.nspname, '${functionSchemaPrefix}') AND pg_has_role(n.nspowner, 'USAGE') ORDER BY 1) AS "functionSchemas"
  FROM place`

export type Place = Omit<ServiceRole, 'role' | 'schema'> &
  Readonly<{
    /** null where the tables are not there yet */
    schema: string | null
    owner: string
    isThere: boolean
    /** what the role has that the service must not have, in the words of CREATE ROLE where there are any */
    excess: string[]
    mayCreate: boolean
  }>

const iterations = 4_096

/** What PostgreSQL keeps of a password (RFC 5802 §3): nobody logs in with it. */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  // SASLprep (RFC 4013 §2.2) of what has no characters that it refuses; of ASCII it is the same text.
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`
}
