-- What messages may cost in all: budgets that replicas take slices of, and countries that are closed to new numbers.

-- Takes a slice of each budget for one replica, which uses it up in its memory, and returns what it has left of the slice before. The slice
-- is counted before any of it is used, so that all replicas together never send more than a budget has.
-- @param p_budgets name, hour_key and day_key (counters), per_hour, per_day, and what is returned: unused, taken_at
-- @param p_wanted messages that a slice must be good for, where the budget is; 0 for a replica that stops, which only returns
-- @return granted: messages; ends_in: seconds until the window is over; retry_after: seconds until there is more, where nothing is left
CREATE FUNCTION take_leases(p_budgets json, p_wanted int)
RETURNS TABLE (budget text, granted int, ends_in int, retry_after int, taken_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  b record;
  left_today bigint;
  left_now bigint;
BEGIN
  -- In one order, so that two replicas never wait for each other in a circle.
  FOR b IN
    SELECT * FROM json_to_recordset(p_budgets)
      AS x (name text, hour_key text, day_key text, per_hour bigint, per_day bigint, unused int, taken_at timestamptz)
    ORDER BY x.name COLLATE "C"
  LOOP
    PERFORM count_down(b.day_key, 86400, 0, b.taken_at, b.unused), count_down(b.hour_key, 3600, 0, b.taken_at, b.unused) WHERE b.unused > 0;
    -- Locks the rows of both windows, which makes them where they are not there.
    INSERT INTO limit_counters AS c (key, window_started_at, shard, count, expires_at)
    VALUES (b.day_key, window_start(86400), 0, 0, window_start(86400) + interval '24 hours'),
      (b.hour_key, window_start(3600), 0, 0, window_start(3600) + interval '1 hour')
    ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = c.count;
    left_today := b.per_day - count_of(b.day_key, 86400);
    left_now := least(left_today, b.per_hour - count_of(b.hour_key, 3600));
    budget := b.name;
    granted := CASE WHEN p_wanted = 0 THEN 0 ELSE greatest(0, least(left_now, greatest(p_wanted, least(64, left_now / 16)))) END;
    ends_in := window_left(3600);
    retry_after := CASE WHEN left_today <= 0 THEN window_left(86400) ELSE window_left(3600) END;
    taken_at := now();
    UPDATE limit_counters c SET count = c.count + granted
    WHERE c.shard = 0 AND granted > 0
      AND (c.key, c.window_started_at) IN ((b.day_key, window_start(86400)), (b.hour_key, window_start(3600)));
    RETURN NEXT;
  END LOOP;
END $$;

-- Whether too few of the numbers of a country that nobody had verified before were verified: by the windows of the last hour that began
-- since the country was last closed. The window in which that was counts too: it is shorter than a closing.
CREATE FUNCTION country_trips(p_country text, p_min_numbers int, p_min_verified float8, p_closed_until timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  sent bigint;
  verified bigint;
BEGIN
  SELECT coalesce(sum(c.count) FILTER (WHERE c.key = 'country_sent:' || p_country), 0),
      coalesce(sum(c.count) FILTER (WHERE c.key = 'country_verified:' || p_country), 0) INTO sent, verified
  FROM limit_counters c
  WHERE c.key IN ('country_sent:' || p_country, 'country_verified:' || p_country)
    AND c.window_started_at > greatest(now() - interval '1 hour', p_closed_until - interval '5 minutes');
  RETURN sent >= p_min_numbers AND verified < p_min_verified * sent;
END $$;

-- How long a country is closed to new numbers: whole seconds, null where it is open. Who finds that too few verify closes it.
CREATE FUNCTION country_block(
  p_country text, p_min_numbers int, p_min_verified float8, p_closed_for int, OUT retry_after int, OUT has_closed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  closed_until timestamptz;
BEGIN
  has_closed := false;
  SELECT b.closed_until INTO closed_until FROM country_breakers b WHERE b.country = p_country;
  IF closed_until > now() THEN
    retry_after := greatest(1, ceil(extract(epoch FROM closed_until - now())));
  ELSIF country_trips(p_country, p_min_numbers, p_min_verified, closed_until) THEN
    retry_after := p_closed_for;
    -- Of many who find that it trips, one closes it.
    INSERT INTO country_breakers AS b (country, closed_until) VALUES (p_country, now() + make_interval(secs => p_closed_for))
    ON CONFLICT (country) DO UPDATE SET closed_until = excluded.closed_until WHERE b.closed_until <= now();
    has_closed := FOUND;
  END IF;
END $$;

-- Whether the identifier is of the tenth that passes a closed country in this hour: the same for each try, so that nobody asks until they
-- are let through.
CREATE FUNCTION is_of_the_tenth(p_identifier text, p_key bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN get_byte(sha256(p_key || convert_to(p_identifier || ' ' || extract(epoch FROM window_start(3600)), 'UTF8')), 0) < 26;
END $$;

-- Who is told of something by SMS is told in any case, out of the budget of trusted devices, which strangers can't reach.
CREATE FUNCTION count_notices(p_told_to text[], p_shard int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  by_sms int := (SELECT count(*) FROM unnest(p_told_to) AS told_to WHERE told_to LIKE '+%');
BEGIN
  IF by_sms = 0 THEN RETURN; END IF;
  PERFORM count_up(array_fill('sms_day:trusted'::text, ARRAY[by_sms]), 86400, p_shard);
  PERFORM count_up(array_fill('sms_hour:trusted'::text, ARRAY[by_sms]), 3600, p_shard);
END $$;
