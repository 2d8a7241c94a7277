-- Events: their numbers, and who delivers which of them where (docs/events.md).

-- Gives numbers to what has been committed, `most` events at the most, and returns how many got one. Numbers are given behind one lock, which
-- is held to the commit: whoever sees a number sees all before it, so a reader that goes on after the last number it saw skips nothing,
-- however late something was committed. What happened to one user after something else has a higher id in the outbox, and is not visible
-- before it: it gets the higher number.
-- @param waits for whoever gives numbers; else it leaves that to them
CREATE FUNCTION number_events(p_most int, p_waits boolean) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  last_number bigint;
  numbered int;
BEGIN
  IF p_waits THEN SELECT n.last INTO last_number FROM event_numbers n FOR UPDATE;
  ELSE SELECT n.last INTO last_number FROM event_numbers n FOR UPDATE SKIP LOCKED;
  END IF;
  IF last_number IS NULL THEN RETURN 0; END IF;
  -- A statement of its own: it sees what was committed while this waited.
  WITH taken AS (
    DELETE FROM event_outbox o WHERE o.id = ANY (ARRAY(SELECT x.id FROM event_outbox x ORDER BY x.id LIMIT p_most))
    RETURNING o.id, o.type, o.user_id, o.data, o.happened_at
  )
  INSERT INTO events (position, type, user_id, data, happened_at)
  SELECT last_number + row_number() OVER (ORDER BY t.id), t.type, t.user_id, t.data, t.happened_at FROM taken t;
  GET DIAGNOSTICS numbered = ROW_COUNT;
  IF numbered > 0 THEN UPDATE event_numbers n SET last = last_number + numbered; END IF;
  RETURN numbered;
END $$;

CREATE TYPE event_to_deliver AS (
  "position" bigint, type text, user_id uuid, data jsonb, happened_at timestamptz,
  phone text, email text,                           -- of the user, as they are now
  attempts int,                                     -- before this one
  is_new boolean,                                   -- not one that is tried again
  is_held boolean                                   -- behind another one of its user, to be tried after that
);

-- What a replica is to deliver to an endpoint now: what is due again, and what is new; nothing where another replica delivers there. An
-- endpoint that nobody knew begins with what happens from now on.
-- @param owner the replica, which has the endpoint for p_seconds from now on
-- @param p_identifiers whether receivers are told phones and emails
-- @param p_probe for one attempt at an endpoint that rests: of what waits there one alone, whether it is due or not
CREATE FUNCTION take_events(p_endpoint text, p_host text, p_owner uuid, p_seconds float8, p_most int, p_identifiers boolean, p_probe boolean)
RETURNS TABLE (is_owner boolean, event event_to_deliver) LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
  -- Known before the plan: a function that is called for each row would have all that wait there read, and all that were given up.
  due_until timestamptz;
BEGIN
  SELECT e.position INTO place FROM event_endpoints e WHERE e.name = p_endpoint;
  IF NOT FOUND THEN
    PERFORM number_events(100000, true);
    INSERT INTO event_endpoints (name, host, position) SELECT p_endpoint, p_host, n.last FROM event_numbers n ON CONFLICT DO NOTHING;
  END IF;
  SELECT e.position INTO place FROM event_endpoints e
  WHERE e.name = p_endpoint AND (e.owner = p_owner OR e.owned_until <= clock_timestamp()) FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    -- It stays with its owner where somebody has events sent again meanwhile: see replay_events().
    RETURN QUERY SELECT EXISTS (SELECT FROM event_endpoints e WHERE e.name = p_endpoint AND e.owner = p_owner), NULL::event_to_deliver;
    RETURN;
  END IF;
  UPDATE event_endpoints e SET owner = p_owner, owned_until = clock_timestamp() + make_interval(secs => p_seconds) WHERE e.name = p_endpoint;
  PERFORM number_events(2 * p_most, false);
  due_until := CASE WHEN p_probe THEN 'infinity' ELSE clock_timestamp() END;

  RETURN QUERY SELECT true, NULL::event_to_deliver;
  -- What is looked up for each row is a subquery with a limit: as a join it may become a walk through the whole log, or the whole backlog.
  -- One that failed, whose batch could not be written, is no further than its batch: it comes with that, once.
  RETURN QUERY
    SELECT true, ROW(x.position, x.type, x.user_id, x.data, x.happened_at,
      u.phone, u.email, x.attempts, x.is_new, x.is_held)::event_to_deliver
    FROM (
      -- With each, some that wait behind it: else a user of whom much waits would be told of one thing a look.
      (WITH due AS MATERIALIZED (
        SELECT d.position, d.attempts, d.user_id FROM event_deliveries d
        WHERE d.endpoint = p_endpoint AND d.next_at <= due_until AND d.position <= place
          -- One without an error that is not due is on its way.
          AND (NOT p_probe OR d.error IS NOT NULL OR d.next_at <= clock_timestamp())
        ORDER BY d.next_at LIMIT CASE WHEN p_probe THEN 1 ELSE p_most END
      ), again AS (
        SELECT d.position, d.attempts FROM due d
        UNION
        SELECT w.position, w.attempts FROM due d, LATERAL (
          SELECT f.position, f.attempts FROM event_deliveries f
          WHERE f.endpoint = p_endpoint AND f.user_id = d.user_id AND f.position > d.position AND f.position <= place
            AND f.parked_at IS NULL AND f.next_at IS NULL
          ORDER BY f.user_id, f.position LIMIT 10) AS w
      )
      SELECT v.*, a.attempts::int, false AS is_new, false AS is_held
      FROM again a, LATERAL (
        SELECT e.position, e.type, e.user_id, e.data, e.happened_at FROM events e WHERE e.position = a.position LIMIT 1) AS v)
      UNION ALL
      (SELECT n.position, n.type, n.user_id, n.data, n.happened_at, 0, true, h.is_held IS NOT NULL
      FROM events n LEFT JOIN LATERAL (
        SELECT true AS is_held FROM event_deliveries d
        WHERE d.endpoint = p_endpoint AND d.user_id = n.user_id AND d.parked_at IS NULL LIMIT 1) AS h ON true
      WHERE n.position > place ORDER BY n.position LIMIT p_most)
    ) AS x
    LEFT JOIN LATERAL (SELECT p.phone, p.email FROM users p WHERE p_identifiers AND p.id = x.user_id LIMIT 1) AS u ON true
    ORDER BY x.position;
END $$;

CREATE TYPE event_result AS (
  "position" bigint, user_id uuid,
  outcome text,                                     -- delivered, failed; slow: still on its way; held: not tried;
                                                    -- probed: failed with all others, which is no attempt at it
  retry_after float8,                               -- of failed, slow and probed: seconds
  error text
);

-- Has the first one of each of these users have its turn that waits behind nothing any more.
CREATE FUNCTION wake_events(p_endpoint text, p_users uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- Looked up before: joined with what is written, each may be looked up for all that waits, by a plan that was made when little did.
  firsts CONSTANT bigint[] := ARRAY(
    SELECT f.position FROM unnest(p_users) AS u (id), LATERAL (
      SELECT w.position FROM event_deliveries w
      WHERE w.endpoint = p_endpoint AND w.user_id = u.id AND w.parked_at IS NULL ORDER BY w.user_id, w.position LIMIT 1) AS f);
BEGIN
  UPDATE event_deliveries d SET next_at = clock_timestamp()
  WHERE d.endpoint = p_endpoint AND d.position = ANY (firsts) AND d.next_at IS NULL;
END $$;

-- Writes down what became of events at an endpoint.
-- @param p_place up to which all are delivered or written down here; null for results of some that were written down before
-- @param p_patience seconds after which one that fails is parked
-- @return how many were parked; null where another replica has the endpoint by now, and nothing was written
CREATE FUNCTION settle_events(p_endpoint text, p_owner uuid, p_seconds float8, p_place bigint, p_results json, p_patience float8)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  results CONSTANT event_result[] := ARRAY(SELECT r FROM json_populate_recordset(NULL::event_result, p_results) AS r);
  delivered CONSTANT bigint[] := ARRAY(SELECT r.position FROM unnest(results) AS r WHERE r.outcome = 'delivered');
  parked int;
BEGIN
  -- Lost with the server, it is delivered again. Nobody who signs in waits for it to reach the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  -- One at a time: what waits is woken by whoever sees all of it.
  PERFORM FROM event_endpoints e WHERE e.name = p_endpoint AND e.owner = p_owner FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE event_endpoints e SET position = greatest(e.position, p_place), owned_until = clock_timestamp() + make_interval(secs => p_seconds),
    failing_since = CASE WHEN delivered = '{}' THEN e.failing_since END
  WHERE e.name = p_endpoint;

  DELETE FROM event_deliveries d WHERE d.endpoint = p_endpoint AND d.position = ANY (delivered);
  -- The cleanup may have taken the oldest away.
  INSERT INTO event_deliveries AS d (endpoint, position, user_id, attempts, next_at, error)
  SELECT p_endpoint, r.position, r.user_id, CASE r.outcome WHEN 'failed' THEN 1 ELSE 0 END,
    clock_timestamp() + make_interval(secs => r.retry_after), r.error
  FROM unnest(results) AS r JOIN events v ON v.position = r.position WHERE r.outcome <> 'delivered'
  ON CONFLICT (endpoint, position) DO UPDATE SET attempts = d.attempts + excluded.attempts, next_at = excluded.next_at, error = excluded.error;

  UPDATE event_deliveries d SET parked_at = now(), next_at = NULL
  WHERE d.endpoint = p_endpoint AND d.queued_at <= now() - make_interval(secs => p_patience) AND d.parked_at IS NULL
    AND d.position = ANY (ARRAY(SELECT r.position FROM unnest(results) AS r WHERE r.outcome = 'failed'));
  GET DIAGNOSTICS parked = ROW_COUNT;

  PERFORM wake_events(p_endpoint, ARRAY(SELECT DISTINCT r.user_id FROM unnest(results) AS r));
  RETURN parked;
END $$;

-- Keeps an endpoint that takes nothing and is left alone, and gives up what has waited there for too long: what was tried so long ago, and,
-- once nothing was taken for as long, what happened before that. Called every second meanwhile, it leaves little to do for each time.
-- @param p_most events that are given up at once, and as many
-- @param p_patience seconds
-- @param p_error why it takes nothing
-- @return how many were given up; null where another replica has the endpoint by now
CREATE FUNCTION rest_endpoint(p_endpoint text, p_owner uuid, p_seconds float8, p_most int, p_patience float8, p_error text)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  too_old CONSTANT timestamptz := clock_timestamp() - make_interval(secs => p_patience);
  place bigint;
  since timestamptz;
  last_old bigint;
  parked int;
  passed int := 0;
  users uuid[];
BEGIN
  UPDATE event_endpoints e
  SET failing_since = coalesce(e.failing_since, clock_timestamp()), owned_until = clock_timestamp() + make_interval(secs => p_seconds)
  WHERE e.name = p_endpoint AND e.owner = p_owner
  RETURNING e.position, e.failing_since INTO place, since;
  IF NOT FOUND THEN RETURN NULL; END IF;
  -- A number that readers may have seen must not be lost with the server, and given to another event.
  IF number_events(2 * p_most, false) = 0 THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;

  WITH given_up AS (
    UPDATE event_deliveries d SET parked_at = now(), next_at = NULL, error = coalesce(d.error, p_error)
    WHERE d.endpoint = p_endpoint AND d.queued_at <= too_old
      AND d.position = ANY (ARRAY(
        SELECT w.position FROM event_deliveries w
        WHERE w.endpoint = p_endpoint AND w.parked_at IS NULL AND w.position > 0 ORDER BY w.position LIMIT p_most))
      -- One without an error that is not due is on its way.
      AND (d.error IS NOT NULL OR d.next_at IS NULL OR d.next_at <= clock_timestamp())
    RETURNING d.user_id
  )
  SELECT count(*), array_agg(DISTINCT g.user_id) INTO parked, users FROM given_up g;
  IF parked > 0 THEN PERFORM wake_events(p_endpoint, users); END IF;
  IF since > too_old THEN RETURN parked; END IF;

  -- In the order of the log, up to the first one that is not so old: one number says how far an endpoint is.
  SELECT max(n.position) FILTER (WHERE n.is_old) INTO last_old FROM (
    SELECT v.position, bool_and(v.happened_at <= too_old) OVER (ORDER BY v.position) AS is_old
    FROM (SELECT o.position, o.happened_at FROM events o WHERE o.position > place ORDER BY o.position LIMIT p_most) AS v
  ) AS n;
  IF last_old IS NULL THEN RETURN parked; END IF;
  INSERT INTO event_deliveries (endpoint, position, user_id, attempts, parked_at, error)
  SELECT p_endpoint, v.position, v.user_id, 0, now(), p_error FROM events v WHERE v.position > place AND v.position <= last_old
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS passed = ROW_COUNT;
  UPDATE event_endpoints e SET position = last_old WHERE e.name = p_endpoint;
  RETURN parked + passed;
END $$;

-- Has what failed at an endpoint that took nothing be due at once: once for each event, a part at a time.
-- @param p_after the position that the call before returned, 0 at first
-- @param p_most rows that are looked at
-- @param p_is_back it takes events again; else this begins only where it still takes nothing, as far as is known
-- @return how far that is; null at the end, and where there is nothing to be done
CREATE FUNCTION retry_events(p_endpoint text, p_owner uuid, p_after bigint, p_most int, p_is_back boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  waiting bigint[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM FROM event_endpoints e
  WHERE e.name = p_endpoint AND e.owner = p_owner AND (p_is_back OR p_after > 0 OR e.failing_since IS NOT NULL) FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  -- Named one by one: between the first two may stand all that were ever given up.
  waiting := ARRAY(
    SELECT d.position FROM event_deliveries d
    WHERE d.endpoint = p_endpoint AND d.parked_at IS NULL AND d.position > 0 AND d.position > p_after ORDER BY d.position LIMIT p_most);
  UPDATE event_deliveries d SET next_at = clock_timestamp()
  WHERE d.endpoint = p_endpoint AND d.position = ANY (waiting)
    -- One without an error that is not due is on its way.
    AND d.next_at > clock_timestamp() AND d.error IS NOT NULL;
  RETURN waiting[p_most];
END $$;

-- How long ago the first event happened that an endpoint has not got yet, in seconds: 0 where it has all. Each is found by an index.
CREATE FUNCTION event_lags(p_endpoints text[]) RETURNS TABLE (endpoint text, seconds float8) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
    SELECT e.name::text, greatest(0, coalesce(extract(epoch FROM clock_timestamp() - least(
      (SELECT v.happened_at FROM events v WHERE v.position > e.position ORDER BY v.position LIMIT 1),
      (SELECT v.happened_at FROM events v WHERE v.position = (
        SELECT d.position FROM event_deliveries d
        WHERE d.endpoint = e.name AND d.parked_at IS NULL AND d.position > 0 ORDER BY d.position LIMIT 1)),
      -- Not numbered yet, since nobody is at it.
      (SELECT o.happened_at FROM event_outbox o ORDER BY o.id LIMIT 1)
    ))::float8, 0))
    FROM event_endpoints e WHERE e.name = ANY (p_endpoints);
END $$;

-- Has events since a time sent again: those that were given up, or all to every endpoint. A part of the log at a time: nobody delivers while
-- one is written.
-- @param p_after the position that the call before returned, 0 at first
-- @param p_last up to which the log is looked at
-- @param p_most events that are looked at
-- @return how many deliveries that are, and how far it is: null at the end
CREATE FUNCTION replay_events(p_since timestamptz, p_all boolean, p_after bigint, p_last bigint, p_most int)
RETURNS TABLE (replayed int, reached bigint) LANGUAGE plpgsql AS $$
DECLARE
  looked_at CONSTANT bigint[] := ARRAY(
    SELECT v.position FROM events v WHERE v.position > p_after AND v.position <= p_last ORDER BY v.position LIMIT p_most);
  names text[];
  users uuid[];
BEGIN
  reached := looked_at[p_most];
  -- Nobody writes results meanwhile: see settle_events().
  PERFORM FROM event_endpoints e ORDER BY e.name FOR UPDATE;
  WITH again AS (
    SELECT e.name, v.position, v.user_id FROM events v CROSS JOIN event_endpoints e
    WHERE v.position = ANY (looked_at) AND v.happened_at >= p_since AND v.position <= e.position AND (
      p_all OR EXISTS (SELECT FROM event_deliveries d WHERE d.endpoint = e.name AND d.position = v.position AND d.parked_at IS NOT NULL))
  ), begun AS (
    INSERT INTO event_deliveries AS d (endpoint, position, user_id, attempts, next_at)
    SELECT a.name, a.position, a.user_id, 0, CASE WHEN a.user_id IS NULL THEN now() END FROM again a
    ON CONFLICT (endpoint, position) DO UPDATE SET attempts = 0, queued_at = now(), next_at = excluded.next_at, parked_at = NULL, error = NULL
    WHERE d.parked_at IS NOT NULL
    RETURNING d.endpoint, d.user_id
  )
  SELECT count(*), array_agg(DISTINCT b.endpoint), array_agg(DISTINCT b.user_id) INTO replayed, names, users FROM begun b;
  -- One of each user begins, the first one: the others wait behind it.
  UPDATE event_deliveries d SET next_at = NULL
  WHERE d.user_id = ANY (users) AND d.endpoint = ANY (names) AND d.next_at IS NOT NULL AND EXISTS (
    SELECT FROM event_deliveries w
    WHERE w.endpoint = d.endpoint AND w.user_id = d.user_id AND w.position < d.position AND w.parked_at IS NULL);
  PERFORM wake_events(n.name, users) FROM unnest(names) AS n (name);
  RETURN NEXT;
END $$;
