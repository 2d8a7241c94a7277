-- What an identifier has been sent: over all purposes and devices, so that neither multiplies what one number is sent.

-- The identifiers' rows, locked in the order of the array: see lock_codes(). Null for one that was never sent anything.
CREATE FUNCTION lock_limits(p_identifiers text[], p_waits boolean, OUT limits identifier_limits[], OUT are_held boolean[]) LANGUAGE plpgsql AS $$
BEGIN
  IF p_waits THEN
    are_held := '{f}';
    SELECT ARRAY[x] INTO limits FROM identifier_limits x WHERE x.identifier = p_identifiers[1] FOR UPDATE;
    RETURN;
  END IF;
  SELECT array_agg(mine.l ORDER BY q.n),
      array_agg(mine.l IS NULL AND EXISTS (SELECT FROM identifier_limits x WHERE x.identifier = q.identifier) ORDER BY q.n)
    INTO limits, are_held
  FROM unnest(p_identifiers) WITH ORDINALITY AS q (identifier, n)
  LEFT JOIN LATERAL (SELECT x AS l FROM identifier_limits x WHERE x.identifier = q.identifier FOR UPDATE SKIP LOCKED) AS mine ON true;
END $$;

-- A locked row with the windows that are over begun anew.
-- @param at the clock after the wait for the lock
CREATE FUNCTION renew_windows(INOUT l identifier_limits, at timestamptz) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF l.hour_started_at <= at - interval '1 hour' THEN l.hour_started_at := now(); l.hour_sends := 0; END IF;
  IF l.day_started_at <= at - interval '24 hours' THEN l.day_started_at := now(); l.day_sends := 0; END IF;
  IF l.trusted_started_at <= at - interval '24 hours' THEN l.trusted_started_at := NULL; l.trusted_sends := 0; END IF;
  IF l.refused_started_at <= at - interval '1 hour' THEN l.refused_started_at := NULL; l.refused_sends := 0; END IF;
  IF l.counted_at <= at - interval '1 hour' THEN l.counted_at := NULL; l.counted_by := NULL; END IF;
END $$;

-- Writes the rows, new ones and those that lock_limits() gave out, and returns whose they are.
-- @param p_seen the rows as they were locked: one that has come since then stays as it is
CREATE FUNCTION save_limits(p_limits identifier_limits[], p_seen identifier_limits[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  saved text[];
BEGIN
  WITH written AS (
    INSERT INTO identifier_limits AS x (
      identifier, hour_started_at, hour_sends, day_started_at, day_sends, trusted_started_at, trusted_sends,
      refused_started_at, refused_sends, counted_at, counted_by)
    SELECT
      l.identifier, l.hour_started_at, l.hour_sends, l.day_started_at, l.day_sends, l.trusted_started_at, l.trusted_sends,
      l.refused_started_at, l.refused_sends, l.counted_at, l.counted_by
    FROM unnest(p_limits) AS l
    ON CONFLICT (identifier) DO UPDATE SET
      hour_started_at = excluded.hour_started_at, hour_sends = excluded.hour_sends,
      day_started_at = excluded.day_started_at, day_sends = excluded.day_sends,
      trusted_started_at = excluded.trusted_started_at, trusted_sends = excluded.trusted_sends,
      refused_started_at = excluded.refused_started_at, refused_sends = excluded.refused_sends,
      counted_at = excluded.counted_at, counted_by = excluded.counted_by
    WHERE x.identifier = ANY (ARRAY(SELECT seen.identifier FROM unnest(p_seen) AS seen))
    RETURNING x.identifier
  )
  SELECT coalesce(array_agg(w.identifier), '{}') INTO saved FROM written w;
  RETURN saved;
END $$;

-- Whether everybody's sends are used up; null where it was never sent anything.
CREATE FUNCTION is_used_up(l identifier_limits, p_max_per_hour int, p_max_per_day int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT l.hour_sends >= p_max_per_hour OR l.day_sends >= p_max_per_day
$$;

-- When the counts allow a send; null where they do now. The owner's trusted devices have a few a day once the others are used up, which
-- strangers can't reach: least() leaves a null out, so the moment when these are there again only counts where the others are used up.
CREATE FUNCTION sends_allowed_at(l identifier_limits, p_max_per_hour int, p_max_per_day int, p_max_trusted int, p_is_trusted boolean)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN NOT p_is_trusted OR l.trusted_sends >= p_max_trusted THEN least(
    greatest(
      CASE WHEN l.hour_sends >= p_max_per_hour THEN l.hour_started_at + interval '1 hour' END,
      CASE WHEN l.day_sends >= p_max_per_day THEN l.day_started_at + interval '24 hours' END),
    CASE WHEN p_is_trusted AND is_used_up(l, p_max_per_hour, p_max_per_day) THEN l.trusted_started_at + interval '24 hours' END) END
$$;

-- Counts a send.
-- @param l null where the identifier was never sent anything
-- @param p_is_from_reserve it is one of those that trusted devices have on top
-- @param p_counted_by the send, where the identifier counts as a number by it
CREATE FUNCTION count_send(p_identifier text, INOUT l identifier_limits, p_is_from_reserve boolean, p_counted_by uuid, at timestamptz) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF l.identifier IS NULL THEN
    l.identifier := p_identifier;
    l.hour_started_at := now();
    l.hour_sends := 0;
    l.day_started_at := now();
    l.day_sends := 0;
    l.trusted_sends := 0;
    l.refused_sends := 0;
  END IF;
  IF p_is_from_reserve THEN
    l.trusted_started_at := coalesce(l.trusted_started_at, at);
    l.trusted_sends := l.trusted_sends + 1;
  ELSE
    -- Who waited for the lock may have begun before the one who opened the window: a send lies in the windows that it counts in.
    l.hour_started_at := least(l.hour_started_at, now());
    l.hour_sends := l.hour_sends + 1;
    l.day_started_at := least(l.day_started_at, now());
    l.day_sends := l.day_sends + 1;
  END IF;
  IF p_counted_by IS NOT NULL THEN
    l.counted_at := at;
    l.counted_by := p_counted_by;
  END IF;
END $$;

-- Lets the identifier count as a number again, where it was this send by which it did. Says whether it was.
CREATE FUNCTION uncount_number(l identifier_limits, p_code_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE identifier_limits x SET counted_at = NULL, counted_by = NULL WHERE x.identifier = l.identifier AND l.counted_by = p_code_id;
  RETURN FOUND;
END $$;

-- Takes a send back that was refused, in the windows that it was counted in, and counts the refusal. Says the same.
-- @param p_counted_at the moment when it was counted, in milliseconds
CREATE FUNCTION uncount_send(l identifier_limits, p_code_id uuid, p_is_from_reserve boolean, p_counted_at timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE identifier_limits x SET
    hour_started_at = l.hour_started_at,
    hour_sends = l.hour_sends - CASE WHEN NOT p_is_from_reserve AND l.hour_sends > 0 AND date_trunc('milliseconds', l.hour_started_at) <= p_counted_at THEN 1 ELSE 0 END,
    day_started_at = l.day_started_at,
    day_sends = l.day_sends - CASE WHEN NOT p_is_from_reserve AND l.day_sends > 0 AND date_trunc('milliseconds', l.day_started_at) <= p_counted_at THEN 1 ELSE 0 END,
    trusted_started_at = l.trusted_started_at,
    trusted_sends = l.trusted_sends - CASE WHEN p_is_from_reserve AND l.trusted_sends > 0 THEN 1 ELSE 0 END,
    refused_started_at = coalesce(l.refused_started_at, clock_timestamp()), refused_sends = l.refused_sends + 1
  WHERE x.identifier = l.identifier;
  RETURN uncount_number(l, p_code_id);
END $$;
