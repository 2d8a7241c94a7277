-- What an identifier has been sent: over all purposes and devices, so that neither multiplies what one number is sent.

-- The identifier's row, locked, with the windows that are over begun anew; null where it was never sent anything.
CREATE FUNCTION lock_limits(p_identifier text) RETURNS identifier_limits LANGUAGE plpgsql AS $$
DECLARE
  l identifier_limits;
  at timestamptz;
BEGIN
  SELECT * INTO l FROM identifier_limits x WHERE x.identifier = p_identifier FOR UPDATE;
  at := clock_timestamp();
  IF l.hour_started_at <= at - interval '1 hour' THEN l.hour_started_at := now(); l.hour_sends := 0; END IF;
  IF l.day_started_at <= at - interval '24 hours' THEN l.day_started_at := now(); l.day_sends := 0; END IF;
  IF l.trusted_started_at <= at - interval '24 hours' THEN l.trusted_started_at := NULL; l.trusted_sends := 0; END IF;
  IF l.refused_started_at <= at - interval '1 hour' THEN l.refused_started_at := NULL; l.refused_sends := 0; END IF;
  IF l.counted_at <= at - interval '1 hour' THEN l.counted_at := NULL; l.counted_by := NULL; END IF;
  RETURN l;
END $$;

-- When the counts allow a send; null where they do now. The owner's trusted devices have a few a day once the others are used up, which
-- strangers can't reach.
CREATE FUNCTION sends_allowed_at(l identifier_limits, p_max_per_hour int, p_max_per_day int, p_max_trusted int, p_is_trusted boolean)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  allowed_at CONSTANT timestamptz := greatest(
    CASE WHEN l.hour_sends >= p_max_per_hour THEN l.hour_started_at + interval '1 hour' END,
    CASE WHEN l.day_sends >= p_max_per_day THEN l.day_started_at + interval '24 hours' END);
BEGIN
  -- Where the others may send, so may a trusted device: least() would take the other moment for a null.
  IF allowed_at IS NULL OR NOT p_is_trusted THEN RETURN allowed_at; END IF;
  RETURN CASE WHEN l.trusted_sends >= p_max_trusted THEN least(allowed_at, l.trusted_started_at + interval '24 hours') END;
END $$;

-- Counts a send, and says whether it was one of those that trusted devices have on top.
-- @param l as it was locked; null where it was never sent anything
CREATE FUNCTION count_send(
  p_identifier text, INOUT l identifier_limits, p_max_per_hour int, p_max_per_day int, p_counted_by uuid, OUT is_on_top boolean
) LANGUAGE plpgsql AS $$
DECLARE
  number_at CONSTANT timestamptz := CASE WHEN p_counted_by IS NOT NULL THEN clock_timestamp() END;
BEGIN
  is_on_top := false;
  IF l.identifier IS NULL THEN
    INSERT INTO identifier_limits AS x (identifier, hour_started_at, hour_sends, day_started_at, day_sends, counted_at, counted_by)
    VALUES (p_identifier, now(), 1, now(), 1, number_at, p_counted_by) ON CONFLICT DO NOTHING RETURNING x.* INTO l;
    IF FOUND THEN RETURN; END IF;
    -- Somebody was faster, for another purpose or on another device: both were its first.
    l := lock_limits(p_identifier);
  END IF;
  is_on_top := l.hour_sends >= p_max_per_hour OR l.day_sends >= p_max_per_day;
  UPDATE identifier_limits x SET
    hour_started_at = l.hour_started_at, hour_sends = l.hour_sends + CASE WHEN is_on_top THEN 0 ELSE 1 END,
    day_started_at = l.day_started_at, day_sends = l.day_sends + CASE WHEN is_on_top THEN 0 ELSE 1 END,
    trusted_started_at = CASE WHEN is_on_top THEN coalesce(l.trusted_started_at, clock_timestamp()) ELSE l.trusted_started_at END,
    trusted_sends = l.trusted_sends + CASE WHEN is_on_top THEN 1 ELSE 0 END,
    refused_started_at = l.refused_started_at, refused_sends = l.refused_sends,
    counted_at = coalesce(number_at, l.counted_at), counted_by = coalesce(p_counted_by, l.counted_by)
  WHERE x.identifier = l.identifier RETURNING x.* INTO l;
END $$;

-- Lets the identifier count as a number again, where it was this send by which it did. Says whether it was.
CREATE FUNCTION uncount_number(l identifier_limits, p_code_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE identifier_limits x SET counted_at = NULL, counted_by = NULL WHERE x.identifier = l.identifier AND l.counted_by = p_code_id;
  RETURN FOUND;
END $$;

-- Takes a send back that was refused, in the windows that it was counted in, and counts the refusal. Says the same.
-- @param p_counted_at the moment when it was counted, in milliseconds
CREATE FUNCTION uncount_send(l identifier_limits, p_code_id uuid, p_is_on_top boolean, p_counted_at timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE identifier_limits x SET
    hour_started_at = l.hour_started_at,
    hour_sends = l.hour_sends - CASE WHEN NOT p_is_on_top AND l.hour_sends > 0 AND date_trunc('milliseconds', l.hour_started_at) <= p_counted_at THEN 1 ELSE 0 END,
    day_started_at = l.day_started_at,
    day_sends = l.day_sends - CASE WHEN NOT p_is_on_top AND l.day_sends > 0 AND date_trunc('milliseconds', l.day_started_at) <= p_counted_at THEN 1 ELSE 0 END,
    trusted_started_at = l.trusted_started_at,
    trusted_sends = l.trusted_sends - CASE WHEN p_is_on_top AND l.trusted_sends > 0 THEN 1 ELSE 0 END,
    refused_started_at = coalesce(l.refused_started_at, clock_timestamp()), refused_sends = l.refused_sends + 1
  WHERE x.identifier = l.identifier;
  RETURN uncount_number(l, p_code_id);
END $$;
