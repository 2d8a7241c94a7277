-- Counters in fixed windows that all replicas share. Windows are the same for everybody: whole multiples of seconds since 1970.

CREATE FUNCTION window_start(p_seconds int) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT date_bin(make_interval(secs => p_seconds), now(), to_timestamp(0))
$$;

-- Whole seconds until the open window ends.
CREATE FUNCTION window_left(p_seconds int) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT ceil(extract(epoch FROM window_start(p_seconds) + make_interval(secs => p_seconds) - now()))::int
$$;

-- Adds one for each time that a key stands in the list, and returns the new counts. The rows are locked in the order of their keys, so
-- that two calls which count the same never wait for each other in a circle.
CREATE FUNCTION count_up(p_keys text[], p_seconds int, p_shard int DEFAULT 0)
RETURNS TABLE (counted_key text, added int, total int) LANGUAGE plpgsql AS $$
BEGIN
  IF array_remove(p_keys, NULL) = '{}' THEN RETURN; END IF;
  RETURN QUERY
    WITH asked AS (
      SELECT k AS key, count(*)::int AS added FROM unnest(p_keys) AS k WHERE k IS NOT NULL GROUP BY k ORDER BY k COLLATE "C"
    ), counted AS (
      INSERT INTO limit_counters AS c (key, window_started_at, shard, count, expires_at)
      SELECT a.key, window_start(p_seconds), p_shard, a.added, window_start(p_seconds) + make_interval(secs => p_seconds)
      FROM asked a
      ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = c.count + excluded.count
      RETURNING c.key, c.count
    )
    SELECT a.key, a.added, counted.count FROM counted JOIN asked a ON a.key = counted.key;
END $$;

CREATE TYPE shared_counter AS (key text, seconds int, shard int);

-- Adds one to each counter for each time that it stands in the list, in the same order. Those without a key count nothing.
CREATE FUNCTION count_up_all(p_counters shared_counter[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO limit_counters AS c (key, window_started_at, shard, count, expires_at)
  SELECT a.key, window_start(a.seconds), a.shard, count(*), window_start(a.seconds) + make_interval(secs => a.seconds)
  FROM unnest(p_counters) AS a WHERE a.key IS NOT NULL
  GROUP BY a.key, a.seconds, a.shard ORDER BY a.key COLLATE "C"
  ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = c.count + excluded.count;
END $$;

-- The count of the open window, over all shards.
CREATE FUNCTION count_of(p_key text, p_seconds int) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(sum(c.count), 0) FROM limit_counters c
  WHERE c.key = p_key AND c.window_started_at = window_start(p_seconds)
$$;

-- The same for many, in the order of the array: what many have in common is added up once.
CREATE FUNCTION counts_of(p_keys text[], p_seconds int) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN ARRAY(
    SELECT counted.total FROM unnest(p_keys) WITH ORDINALITY AS q (key, n)
    LEFT JOIN (
      SELECT k AS key, (
        SELECT coalesce(sum(c.count), 0) FROM limit_counters c WHERE c.key = k AND c.window_started_at = window_start(p_seconds)
      ) AS total FROM (SELECT DISTINCT unnest(p_keys)) AS d (k)
    ) AS counted ON counted.key = q.key
    ORDER BY q.n);
END $$;

-- What an array of requests is counted by: for each of them the place that it takes in its key's window, 1 for the first one of it.
-- Counted once for all of them: 32 requests of one address are one write.
CREATE FUNCTION count_places(p_keys text[], p_seconds int) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
  places int[];
BEGIN
  IF array_remove(p_keys, NULL) = '{}' THEN RETURN array_fill(NULL::int, ARRAY[cardinality(p_keys)]); END IF;
  SELECT array_agg(counted.total - counted.added + ranked.rank ORDER BY ranked.n) INTO places
  FROM (
    SELECT k AS key, n, row_number() OVER (PARTITION BY k ORDER BY n)::int AS rank
    FROM unnest(p_keys) WITH ORDINALITY AS q (k, n)
  ) AS ranked
  LEFT JOIN count_up(p_keys, p_seconds) AS counted ON counted.counted_key = ranked.key;
  RETURN places;
END $$;

-- Takes some off the window of a moment, which may be over.
CREATE FUNCTION count_down(p_key text, p_seconds int, p_shard int, p_at timestamptz, p_count int DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE limit_counters c SET count = greatest(c.count - p_count, 0)
  WHERE c.key = p_key AND c.shard = p_shard
    AND c.window_started_at = date_bin(make_interval(secs => p_seconds), p_at, to_timestamp(0));
END $$;
