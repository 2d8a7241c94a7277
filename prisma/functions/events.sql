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
CREATE FUNCTION take_events(p_endpoint text, p_host text, p_owner uuid, p_seconds float8, p_most int, p_identifiers boolean)
RETURNS TABLE (is_owner boolean, event event_to_deliver) LANGUAGE plpgsql AS $$
DECLARE
  -- As a function in a condition it is asked for each row, and no index can use it.
  at CONSTANT timestamptz := clock_timestamp();
  place bigint;
BEGIN
  SELECT e.position INTO place FROM event_endpoints e WHERE e.name = p_endpoint;
  IF NOT FOUND THEN
    PERFORM number_events(100000, true);
    INSERT INTO event_endpoints (name, host, position) SELECT p_endpoint, p_host, n.last FROM event_numbers n ON CONFLICT DO NOTHING;
  END IF;
  SELECT e.position INTO place FROM event_endpoints e
  WHERE e.name = p_endpoint AND (e.owner = p_owner OR e.owned_until <= clock_timestamp()) FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false, NULL::event_to_deliver;
    RETURN;
  END IF;
  UPDATE event_endpoints e SET owner = p_owner, owned_until = clock_timestamp() + make_interval(secs => p_seconds) WHERE e.name = p_endpoint;
  PERFORM number_events(2 * p_most, false);

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
        WHERE d.endpoint = p_endpoint AND d.next_at <= at AND d.position <= place ORDER BY d.next_at LIMIT p_most
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
  outcome text,                                     -- delivered, failed; slow: still on its way; held: not tried
  retry_after float8,                               -- of failed and slow: seconds
  error text
);

-- Writes down what became of events at an endpoint.
-- @param p_place up to which all are delivered or written down here; null for results of some that were written down before
-- @param p_patience seconds after which one that fails is parked
-- @return how many were parked; null where another replica has the endpoint by now, and nothing was written
CREATE FUNCTION settle_events(p_endpoint text, p_owner uuid, p_seconds float8, p_place bigint, p_results json, p_patience float8)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  results CONSTANT event_result[] := ARRAY(SELECT r FROM json_populate_recordset(NULL::event_result, p_results) AS r);
  parked int;
BEGIN
  -- Lost with the server, it is delivered again. Nobody who signs in waits for it to reach the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  -- One at a time: what waits is woken by whoever sees all of it.
  PERFORM FROM event_endpoints e WHERE e.name = p_endpoint AND e.owner = p_owner FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE event_endpoints e SET position = greatest(e.position, p_place), owned_until = clock_timestamp() + make_interval(secs => p_seconds)
  WHERE e.name = p_endpoint;

  DELETE FROM event_deliveries d
  WHERE d.endpoint = p_endpoint AND d.position = ANY (ARRAY(SELECT r.position FROM unnest(results) AS r WHERE r.outcome = 'delivered'));
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

  -- The first one of each of these users that waits behind nothing any more.
  UPDATE event_deliveries d SET next_at = clock_timestamp()
  FROM (SELECT DISTINCT r.user_id FROM unnest(results) AS r) AS u, LATERAL (
    SELECT w.position FROM event_deliveries w
    WHERE w.endpoint = p_endpoint AND w.user_id = u.user_id AND w.parked_at IS NULL ORDER BY w.user_id, w.position LIMIT 1) AS first
  WHERE d.endpoint = p_endpoint AND d.position = first.position AND d.next_at IS NULL;
  RETURN parked;
END $$;

-- Has events since a time sent again: those that were given up, or all to every endpoint. Returns how many deliveries that are.
CREATE FUNCTION replay_events(p_since timestamptz, p_all boolean) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  replayed int;
BEGIN
  -- Nobody writes results meanwhile: see settle_events().
  PERFORM FROM event_endpoints e ORDER BY e.name FOR UPDATE;
  WITH again AS (
    SELECT e.name, v.position, v.user_id FROM events v CROSS JOIN event_endpoints e
    WHERE v.happened_at >= p_since AND v.position <= e.position AND (
      p_all OR EXISTS (SELECT FROM event_deliveries d WHERE d.endpoint = e.name AND d.position = v.position AND d.parked_at IS NOT NULL))
  )
  INSERT INTO event_deliveries AS d (endpoint, position, user_id, attempts, next_at)
  SELECT a.name, a.position, a.user_id, 0, CASE WHEN a.user_id IS NULL THEN now() END FROM again a
  ON CONFLICT (endpoint, position) DO UPDATE SET attempts = 0, queued_at = now(), next_at = excluded.next_at, parked_at = NULL, error = NULL
  WHERE d.parked_at IS NOT NULL;
  GET DIAGNOSTICS replayed = ROW_COUNT;
  -- One of each user begins, the first one: the others wait behind it.
  UPDATE event_deliveries d SET next_at = CASE WHEN d.position = first.position THEN coalesce(d.next_at, now()) END
  FROM (
    SELECT w.endpoint, w.user_id, min(w.position) AS position FROM event_deliveries w
    WHERE w.parked_at IS NULL AND w.user_id IS NOT NULL GROUP BY w.endpoint, w.user_id
  ) AS first
  WHERE d.endpoint = first.endpoint AND d.user_id = first.user_id AND d.parked_at IS NULL;
  RETURN replayed;
END $$;
