// Puts the functions of this release into the database, beside those of the releases before it.
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import { escapeIdentifier } from 'pg'
import { type FunctionFiles, functionSchemaPrefix, readFunctionFiles } from './function-files.js'
import { statement } from './migration-adapter.js'
import { schemaExpression } from './schema-of-tables.js'

/** Releases whose functions are kept beside those of the newest: replicas of them may still run, or come back. */
const keptReleases = 2

/**
 * Creates the schema of this release's functions, unless it is there, and drops those of releases that are long gone. A schema is
 * never changed once it is there, so that replicas of two releases run side by side. To be run under the lock of the migrations.
 *
 * @returns the schema's name where it was created, else null
 */
export async function applyFunctions(
  connection: SqlDriverAdapter,
  files: FunctionFiles = readFunctionFiles(),
): Promise<string | null> {
  const all = await schemasByAge(connection)
  const known = all.filter(({ isOurs }) => isOurs).map(({ name }) => name)
  if (known.includes(files.schema)) return null
  // Two services of one release that name no schema: one's functions would work on the other's tables.
  if (all.some(({ name }) => name === files.schema)) throw new Error(otherTablesLine)
  const tooOld = known.slice(keptReleases)
  await connection.executeScript(
    [
      'BEGIN',
      createScript(files),
      ...tooOld.map((name) => `DROP SCHEMA ${escapeIdentifier(name)} CASCADE`),
      'COMMIT',
    ].join(';\n'),
  )
  return files.schema
}

/** Whether the functions of this release are there. */
export async function hasFunctions(connection: SqlDriverAdapter, files: FunctionFiles): Promise<boolean> {
  return (await schemasByAge(connection)).some(({ name, isOurs }) => isOurs && name === files.schema)
}

/** The schemas of functions that are there, the newest first, and whether theirs are the tables that this connection finds. */
async function schemasByAge(connection: SqlDriverAdapter): Promise<{ name: string; isOurs: boolean }[]> {
  const { rows } = await connection.queryRaw(
    statement(`
      SELECT n.nspname::text, coalesce((
        SELECT c.setting = format('search_path=%I, %I, pg_temp', n.nspname, ${schemaExpression})
        FROM pg_proc p, unnest(p.proconfig) AS c (setting)
        WHERE p.pronamespace = n.oid AND starts_with(c.setting, 'search_path=') LIMIT 1), true)
      FROM pg_namespace n
      WHERE starts_with(n.nspname, '${functionSchemaPrefix}') AND obj_description(n.oid, 'pg_namespace') IS NOT NULL
      ORDER BY obj_description(n.oid, 'pg_namespace') DESC`),
  )
  return rows.map(([name, isOurs]) => ({ name: String(name), isOurs: isOurs === true }))
}

const otherTablesLine =
  'The functions of this release are there for the tables of another schema: name the one of this service in the connection string, ?schema=…'

/**
 * Functions find their own helpers first, then the tables where the migrations have put them, and nothing that a caller's
 * search_path or temporary tables name (CVE-2018-1058). Planning is settled by the function itself, so that a pooler between, which
 * takes no settings of a connection, changes nothing: plans that were made once are kept, and go by indexes (decision 17).
 * Whoever may write codes may call them, and nobody else.
 */
function createScript({ schema, sql }: FunctionFiles): string {
  const name = escapeIdentifier(schema)
  return `
DO $outer$ BEGIN
  PERFORM set_config('latchkey.tables', ${schemaExpression}, true);
END $outer$;
CREATE SCHEMA ${name};
DO $outer$ BEGIN
  EXECUTE format('COMMENT ON SCHEMA ${name} IS %L', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'));
  EXECUTE format('SET LOCAL search_path = ${name}, %I, pg_temp', current_setting('latchkey.tables'));
END $outer$;
${sql};
DO $outer$
DECLARE
  function regprocedure;
  role name;
BEGIN
  FOR function IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = '${name}'::regnamespace LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
  END LOOP;
  -- Those that the service calls; what these call runs by their settings.
  FOR function IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = '${name}'::regnamespace AND (p.proname LIKE '%\\_batch' OR p.proname IN ('give_back_send', 'uncount_in_country', 'take_leases', 'has_opted_out', 'note_opt_out', 'ask_for_new_account', 'let_recycled_leave', 'number_events', 'take_events', 'settle_events', 'rest_endpoint', 'retry_events', 'event_lags', 'replay_events')) LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = ${name}, %I, pg_temp', function, current_setting('latchkey.tables'));
    EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', function);
    EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', function);
    EXECUTE format('ALTER FUNCTION %s SET jit = off', function);
  END LOOP;
  FOR role IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
    WHERE table_name = 'otps' AND table_schema = current_setting('latchkey.tables') AND privilege_type = 'INSERT'
      AND grantee NOT IN ('PUBLIC', current_user) LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA ${name} TO %I', role);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${name} TO %I', role);
  END LOOP;
  EXECUTE format('SET LOCAL search_path = %I', current_setting('latchkey.tables'));
END $outer$`
}
