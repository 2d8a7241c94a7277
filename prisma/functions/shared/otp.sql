-- The outcome of an attempt at a code. `refused`: there was nothing to try (never sent, used, expired, out of attempts, locked), so
-- that attempts at a dead code cost its owner nothing. `locked`: wrong, and the last attempt of this window.
CREATE TYPE code_outcome AS ENUM ('right', 'wrong', 'locked', 'refused');

-- Evaluates one attempt: counts it, and uses the code up if it is right. Parallel attempts queue up on the row's lock, and each sees
-- what the one before it left: of 200 at once, as many are evaluated as a code takes. The caller returns, and never raises, after a
-- wrong one: it must stay counted (CVE-2026-35597). Comparing keyed digests in SQL tells nothing by its time.
CREATE FUNCTION verify_code(
  p_identifier text, p_purpose otp_purpose, p_lane text, p_code_hash bytea, p_previous_code_hash bytea,
  p_takes_test_code boolean, p_max_attempts int, p_max_failures int,
  OUT outcome code_outcome, OUT code_id uuid, OUT is_test boolean, OUT is_test_refused boolean
) LANGUAGE plpgsql AS $$
DECLARE
  code otps;
  at timestamptz;
  fits boolean;
  failures_now int;
BEGIN
  is_test_refused := false;
  SELECT * INTO code FROM otps o
  WHERE o.identifier = p_identifier AND o.purpose = p_purpose AND o.lane = p_lane FOR UPDATE;
  -- After the wait for the lock: a code that has ended meanwhile is over.
  at := clock_timestamp();
  IF code.identifier IS NULL OR code.consumed_at IS NOT NULL OR code.expires_at <= at OR code.attempts >= p_max_attempts
     OR code.failures_started_at > at - interval '24 hours' AND code.failures >= p_max_failures THEN
    outcome := 'refused';
    is_test := false;
    RETURN;
  END IF;
  code_id := code.code_id;
  is_test := code.is_test;

  -- A row without a code takes attempts like any other, and none is right.
  fits := coalesce(code.code_hash IN (p_code_hash, p_previous_code_hash), false);
  IF fits AND (NOT is_test OR p_takes_test_code) THEN
    UPDATE otps o SET attempts = o.attempts + 1, consumed_at = at, code_hash = NULL, code_seed = NULL, code_made_at = NULL
    WHERE o.identifier = p_identifier AND o.purpose = p_purpose AND o.lane = p_lane;
    outcome := 'right';
    RETURN;
  END IF;

  -- NIST SP 800-63B-4 §3.2.2: wrong attempts are limited over all codes of an identifier, not for each one.
  failures_now := CASE WHEN code.failures_started_at > at - interval '24 hours' THEN code.failures + 1 ELSE 1 END;
  UPDATE otps o SET attempts = o.attempts + 1, failures = failures_now,
    failures_started_at = CASE WHEN failures_now = 1 THEN at ELSE o.failures_started_at END
  WHERE o.identifier = p_identifier AND o.purpose = p_purpose AND o.lane = p_lane;
  outcome := CASE WHEN failures_now >= p_max_failures THEN 'locked' ELSE 'wrong' END;
  is_test_refused := fits;
END $$;
