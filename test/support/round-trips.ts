// Counts what a call of the service asks of its database, and what it writes there: before its answer, and after it.
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import type { Test } from 'tap'
import type { TestApp } from './app.js'

/** Round trips, and the transactions among them that wrote. */
export type Work = Readonly<{ roundTrips: number; commits: number }>

export type CallWork<Result> = Readonly<{ result: Result; before: Work; after: Work }>

/** Turns of the event loop in which an answer comes that waits for nothing but these turns. */
const patience = 200
/** Milliseconds without a query after which there will be none: longer than anything gathers what it writes. */
const quietTime = 60

/** Each table tells of the transactions that write its rows; what is rolled back leaves nothing here either. */
const noteCommits = `
  CREATE TABLE noted_commits (xid xid8 PRIMARY KEY);
  CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO noted_commits VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
    RETURN NULL;
  END $$;
  DO $$
  DECLARE name text;
  BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'noted_commits' LOOP
      EXECUTE format('CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON %I
        FOR EACH ROW EXECUTE FUNCTION note_commit()', name);
    END LOOP;
  END $$`

/**
 * Watches every query that goes from this process to the database of the service: one query is one round trip, BEGIN and COMMIT too.
 * What is sent while an answer is on its way need not be waited for by it, so each query is held back for a while: if the
 * answer comes without it, it belongs to what is done after the answer.
 */
export async function watchRoundTrips(t: Test, service: TestApp) {
  const observer = new pg.Client({ connectionString: service.config.database.url })
  await observer.connect()
  await observer.query(noteCommits)

  let isWatching = false
  let isAnswered = false
  let sent = 0
  let held = 0
  let whenCounted: Promise<unknown> = Promise.resolve()

  async function hold(): Promise<void> {
    held += 1
    for (let turns = 0; turns < patience && !isAnswered; turns += 1) await turn()
    if (isAnswered) await whenCounted
    sent += 1
    held -= 1
  }

  const { query } = pg.Client.prototype
  const original: (...parameters: unknown[]) => unknown = query
  function watched(this: pg.Client, ...parameters: unknown[]): unknown {
    const send = () => original.apply(this, parameters)
    return isWatching && this !== observer && this.database === observer.database ? hold().then(send) : send()
  }
  Object.assign(pg.Client.prototype, { query: watched })
  t.teardown(async () => {
    Object.assign(pg.Client.prototype, { query })
    await observer.end()
  })

  async function commits(): Promise<number> {
    const { rows } = await observer.query<{ count: number }>('SELECT count(*)::int FROM noted_commits')
    return Number(rows[0]?.count)
  }

  /** Until the service asks for nothing any more. */
  async function whenQuiet(): Promise<void> {
    for (let quiet = 0; quiet < quietTime; quiet += 1) {
      await pause(1)
      const { inUse, waiting } = service.database.poolUse()
      if (held + inUse + waiting > 0) quiet = 0
    }
  }

  /** Makes a call and counts. Only one at a time. */
  return async function count<Result>(call: () => Promise<Result>): Promise<CallWork<Result>> {
    await whenQuiet()
    const commitsAtFirst = await commits()
    sent = 0
    isAnswered = false
    isWatching = true
    const result = await call()
    isAnswered = true
    const sentBefore = sent
    const counting = commits()
    whenCounted = counting
    const commitsThen = await counting
    await whenQuiet()
    isWatching = false
    const commitsInAll = await commits()
    return {
      result,
      before: { roundTrips: sentBefore, commits: commitsThen - commitsAtFirst },
      after: { roundTrips: sent - sentBefore, commits: commitsInAll - commitsThen },
    }
  }
}
