-- The outcome of an attempt at a code. `refused`: there was nothing to try (never sent, used, expired, out of attempts, locked), so
-- that attempts at a dead code cost its owner nothing. `locked`: wrong, and the last attempt of this window.
CREATE TYPE code_outcome AS ENUM ('right', 'wrong', 'locked', 'refused');

-- The rows of codes, locked in the order of the arrays: callers sort by identifier. Null for one that is not there.
-- @param p_waits there is one, and it waits for whoever holds its row; else that row is left out, so that nobody of a batch waits for what one of
-- them meets
-- @param are_held by somebody else
CREATE FUNCTION lock_codes(p_identifiers text[], p_purposes otp_purpose[], p_lanes text[], p_waits boolean, OUT codes otps[], OUT are_held boolean[])
LANGUAGE plpgsql AS $$
BEGIN
  IF p_waits THEN
    are_held := '{f}';
    SELECT ARRAY[o] INTO codes FROM otps o
    WHERE o.identifier = p_identifiers[1] AND o.purpose = p_purposes[1] AND o.lane = p_lanes[1] FOR UPDATE;
    RETURN;
  END IF;
  SELECT array_agg(mine.code ORDER BY q.n), array_agg(mine.code IS NULL AND EXISTS (
      SELECT FROM otps o WHERE o.identifier = q.identifier AND o.purpose = q.purpose AND o.lane = q.lane) ORDER BY q.n)
    INTO codes, are_held
  FROM unnest(p_identifiers, p_purposes, p_lanes) WITH ORDINALITY AS q (identifier, purpose, lane, n)
  LEFT JOIN LATERAL (
    SELECT o AS code FROM otps o WHERE o.identifier = q.identifier AND o.purpose = q.purpose AND o.lane = q.lane FOR UPDATE SKIP LOCKED
  ) AS mine ON true;
END $$;

-- Writes rows of codes, new ones and those that lock_codes() gave out. All at once: what a statement costs, with the reading of each CHECK,
-- is three times what a row does. Returns whose rows these are.
-- @param p_seen the rows as they were locked: one that has come since then stays as it is
CREATE FUNCTION save_codes(p_codes otps[], p_seen otps[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  saved text[];
BEGIN
  WITH written AS (
    INSERT INTO otps AS o (
      identifier, purpose, lane, code_id, code_hash, code_seed, code_made_at, code_sends, is_test, expires_at, consumed_at, attempts,
      failures, failures_started_at, resend_at, send_streak, hour_started_at, day_started_at)
    SELECT
      c.identifier, c.purpose, c.lane, c.code_id, c.code_hash, c.code_seed, c.code_made_at, c.code_sends, c.is_test, c.expires_at, c.consumed_at, c.attempts,
      c.failures, c.failures_started_at, c.resend_at, c.send_streak, c.hour_started_at, c.day_started_at
    FROM unnest(p_codes) AS c
    ON CONFLICT (identifier, purpose, lane) DO UPDATE SET
      code_id = excluded.code_id, code_hash = excluded.code_hash, code_seed = excluded.code_seed, code_made_at = excluded.code_made_at,
      code_sends = excluded.code_sends, is_test = excluded.is_test, expires_at = excluded.expires_at, consumed_at = excluded.consumed_at,
      attempts = excluded.attempts, failures = excluded.failures, failures_started_at = excluded.failures_started_at,
      resend_at = excluded.resend_at, send_streak = excluded.send_streak,
      hour_started_at = excluded.hour_started_at, day_started_at = excluded.day_started_at
    WHERE o.code_id = ANY (ARRAY(SELECT seen.code_id FROM unnest(p_seen) AS seen))
    RETURNING o.identifier
  )
  SELECT coalesce(array_agg(w.identifier), '{}') INTO saved FROM written w;
  RETURN saved;
END $$;

-- Evaluates one attempt at a locked code: counts it, and uses the code up if it is right. Parallel attempts queue up on the row's lock, and
-- each sees what the one before it left: of 200 at once, as many are evaluated as a code takes. The caller saves the code, and never raises
-- after a wrong one: it must stay counted (CVE-2026-35597). Comparing keyed digests in SQL tells nothing by its time.
-- @param code the row as it is now; null where there is none
CREATE FUNCTION judge_attempt(
  INOUT code otps, p_code_hash bytea, p_previous_code_hash bytea, p_takes_test_code boolean, p_max_attempts int, p_max_failures int,
  OUT outcome code_outcome, OUT is_test boolean, OUT is_test_refused boolean
) LANGUAGE plpgsql AS $$
DECLARE
  -- After the wait for the lock: a code that has ended meanwhile is over.
  at CONSTANT timestamptz := clock_timestamp();
  fits boolean;
BEGIN
  is_test := false;
  is_test_refused := false;
  IF code.identifier IS NULL OR code.consumed_at IS NOT NULL OR code.expires_at <= at OR code.attempts >= p_max_attempts
     OR code.failures_started_at > at - interval '24 hours' AND code.failures >= p_max_failures THEN
    outcome := 'refused';
    RETURN;
  END IF;
  is_test := code.is_test;
  code.attempts := code.attempts + 1;

  -- A row without a code takes attempts like any other, and none is right.
  fits := coalesce(code.code_hash IN (p_code_hash, p_previous_code_hash), false);
  IF fits AND (NOT is_test OR p_takes_test_code) THEN
    code.consumed_at := at;
    code.code_hash := NULL;
    code.code_seed := NULL;
    code.code_made_at := NULL;
    outcome := 'right';
    RETURN;
  END IF;

  -- NIST SP 800-63B-4 §3.2.2: wrong attempts are limited over all codes of an identifier, not for each one.
  IF code.failures_started_at > at - interval '24 hours' THEN
    code.failures := code.failures + 1;
  ELSE
    code.failures := 1;
    code.failures_started_at := at;
  END IF;
  outcome := CASE WHEN code.failures >= p_max_failures THEN 'locked' ELSE 'wrong' END;
  is_test_refused := fits;
END $$;

-- The same for one code by itself, locked and saved.
CREATE FUNCTION verify_code(
  p_identifier text, p_purpose otp_purpose, p_lane text, p_code_hash bytea, p_previous_code_hash bytea,
  p_takes_test_code boolean, p_max_attempts int, p_max_failures int
) RETURNS code_outcome LANGUAGE plpgsql AS $$
DECLARE
  locked CONSTANT record := lock_codes(ARRAY[p_identifier], ARRAY[p_purpose], ARRAY[p_lane], true);
  attempt record;
BEGIN
  attempt := judge_attempt((locked.codes)[1], p_code_hash, p_previous_code_hash, p_takes_test_code, p_max_attempts, p_max_failures);
  IF attempt.outcome <> 'refused' THEN PERFORM save_codes(ARRAY[attempt.code], locked.codes); END IF;
  RETURN attempt.outcome;
END $$;
