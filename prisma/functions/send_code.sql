-- Sending a code: send_code() decides about one request, send_code_batch() asks it for many. No message goes out from here: the answer
-- says whether one is to, and what becomes of it is told later (give_back_send).

CREATE TYPE send_outcome AS ENUM (
  'sent',                                           -- the row holds a code (or its traces, where none may be told from one)
  'too_soon',                                       -- the identifier's own limits: cooldown, sends of the hour and day, wrong attempts
  'unknown',                                        -- nobody has the identifier, and whoever asked wanted to hear that
  'refused_before',                                 -- so many messages to it were refused that none is tried in this hour
  'by_address', 'by_budget', 'by_country',          -- the limits around it
  'again'                                           -- nothing was done: to be asked alone
);

CREATE TYPE send_code_request AS (
  method text, identifier text, purpose otp_purpose,
  user_id uuid,                                     -- who asks, of step_up and change_identifier; null for sign_in
  only_known boolean,                               -- whoever asks wants no code for an identifier that nobody has
  code_id uuid, code_hash bytea, code_seed bytea,   -- of the code to put there, unless the one that is there goes on
  test_ends_at timestamptz,                         -- of a fixed code of TEST_OTPS, which is not sent; null for all others
  device_hash bytea, address_key text, unknown_key text, refusals_key text, country text,
  network text, request_id uuid, identifier_hash bytea
);

CREATE TYPE send_code_settings AS (
  ttl int, cooldown int, max_attempts int, max_per_hour int, max_per_day int, max_failures int,
  max_per_address int, max_unknown_per_address int, max_refusals_per_hour int, is_strict boolean,
  budget_per_hour int, budget_per_day int, breaker_min_sends int, breaker_min_verified float8, closed_for int, shard int
);

CREATE TYPE send_code_result AS (
  place int, outcome send_outcome, retry_after int,
  is_hidden boolean,                                -- nobody may see from outside what became of it
  is_paid boolean,                                  -- a message may go out
  has_closed_country boolean,                       -- it was this request that closed its country to new numbers
  is_known boolean,                                 -- somebody verified the number before
  user_id uuid, locale text,                        -- of whoever reads the message, as far as is known
  lane text, shard int, counted_at timestamptz,     -- by which what it was counted on is found again
  code_seed bytea, code_hash bytea, expires_in int, resend_after int, attempts_allowed int
);

-- Puts the code into its row, or keeps the live one there, if the identifier's own limits allow it: the lasting part of a send.
-- A code that goes on keeps the attempts made at it, and wrong ones stay counted in any case: a new code does not reset them
-- (NIST SP 800-63B-4 §3.1.3.2). A row without a code goes on like one with a code, so that nothing tells them apart.
CREATE FUNCTION put_code(
  r send_code_request, s send_code_settings, p_lane text, p_has_code boolean, OUT is_put boolean, OUT retry_after int, OUT code otps, OUT at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  is_fixed CONSTANT boolean := r.test_ends_at IS NOT NULL;   -- costs nothing and waits for nothing; attempts at it are limited like all others
  counts CONSTANT int := CASE WHEN is_fixed THEN 0 ELSE 1 END;
  failures_are_over boolean;
  goes_on boolean;
  keeps_code boolean;
  last_end timestamptz;
BEGIN
  is_put := true;
  LOOP
    INSERT INTO otps AS o (
      identifier, purpose, lane, code_id, code_hash, code_seed, code_made_at, is_test, expires_at, resend_at,
      hour_started_at, hour_sends, day_started_at, day_sends)
    VALUES (
      r.identifier, r.purpose, p_lane, r.code_id, CASE WHEN p_has_code THEN r.code_hash END, r.code_seed,
      CASE WHEN NOT is_fixed THEN now() END, is_fixed, least(now() + make_interval(secs => s.ttl), r.test_ends_at),
      now() + make_interval(secs => counts * s.cooldown), now(), counts, now(), counts)
    ON CONFLICT (identifier, purpose, lane) DO NOTHING RETURNING o.* INTO code;
    at := now();
    IF FOUND THEN RETURN; END IF;
    -- Parallel sends queue up on this lock; what follows is decided by the clock after the wait.
    SELECT * INTO code FROM otps o WHERE o.identifier = r.identifier AND o.purpose = r.purpose AND o.lane = p_lane FOR UPDATE;
    at := clock_timestamp();
    EXIT WHEN FOUND;                                         -- else the cleanup has just removed it
  END LOOP;

  failures_are_over := code.failures_started_at IS NULL OR code.failures_started_at <= at - interval '24 hours';
  IF failures_are_over THEN code.failures := 0; code.failures_started_at := NULL; END IF;
  retry_after := seconds_to_next_send(code, s, at, is_fixed);
  IF retry_after > 0 THEN is_put := false; RETURN; END IF;

  -- After a success, or after an hour, a send begins a new sign-in: it is no resend, and the cooldown starts anew.
  IF NOT is_fixed THEN
    code.send_streak := CASE
      WHEN code.consumed_at IS NOT NULL OR code.hour_started_at <= at - interval '1 hour' THEN 1
      ELSE least(code.send_streak + 1, 10) END;
    code.resend_at := at + make_interval(secs => least(greatest(300, s.cooldown), s.cooldown * power(2, code.send_streak - 1)));
    IF code.hour_started_at <= at - interval '1 hour' THEN code.hour_started_at := at; code.hour_sends := 0; END IF;
    IF code.day_started_at <= at - interval '24 hours' THEN code.day_started_at := at; code.day_sends := 0; END IF;
  END IF;

  -- The live code is sent again, so that a late message is as good as the last one (docs/decisions/0010): but never past ten minutes
  -- after it was made (NIST SP 800-63B-4 §3.1.3.2), and not where less than half of its time would be left.
  last_end := code.code_made_at + make_interval(secs => least(600, 2 * s.ttl));
  goes_on := code.consumed_at IS NULL AND code.expires_at > at AND code.attempts < s.max_attempts
    AND CASE WHEN is_fixed THEN code.is_test ELSE coalesce(last_end >= at + make_interval(secs => s.ttl / 2.0), false) END;
  keeps_code := goes_on AND NOT is_fixed AND code.code_hash IS NOT NULL;
  UPDATE otps o SET
    code_id = r.code_id,
    code_hash = CASE WHEN keeps_code THEN o.code_hash WHEN p_has_code THEN r.code_hash END,
    code_seed = CASE WHEN keeps_code THEN o.code_seed ELSE r.code_seed END,
    code_made_at = CASE WHEN is_fixed THEN NULL WHEN goes_on THEN o.code_made_at ELSE at END,
    code_sends = CASE WHEN goes_on AND NOT is_fixed THEN o.code_sends + 1 ELSE 1 END,
    is_test = is_fixed,
    expires_at = least(at + make_interval(secs => s.ttl), CASE WHEN goes_on AND NOT is_fixed THEN last_end END, r.test_ends_at),
    consumed_at = NULL,
    attempts = CASE WHEN goes_on THEN o.attempts ELSE 0 END,
    failures = code.failures, failures_started_at = code.failures_started_at,
    resend_at = code.resend_at, send_streak = code.send_streak,
    hour_started_at = code.hour_started_at, hour_sends = code.hour_sends + counts,
    day_started_at = code.day_started_at, day_sends = code.day_sends + counts
  WHERE o.identifier = r.identifier AND o.purpose = r.purpose AND o.lane = p_lane
  RETURNING o.* INTO code;
END $$;

-- Whole seconds until the identifier's own limits allow a send; 0 where they do now.
CREATE FUNCTION seconds_to_next_send(code otps, s send_code_settings, at timestamptz, is_fixed boolean) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN greatest(0, ceil(extract(epoch FROM greatest(
    CASE WHEN code.failures >= s.max_failures THEN code.failures_started_at + interval '24 hours' END,
    CASE WHEN NOT is_fixed AND code.consumed_at IS NULL THEN code.resend_at END,
    CASE WHEN NOT is_fixed AND code.hour_sends >= s.max_per_hour THEN code.hour_started_at + interval '1 hour' END,
    CASE WHEN NOT is_fixed AND code.day_sends >= s.max_per_day THEN code.day_started_at + interval '24 hours' END) - at)))::int;
END $$;

-- Whether too few of the messages to numbers of a country that nobody had verified before were verified: by the windows of the last hour
-- that began since the country was last closed. The window in which that was counts too: it is shorter than a closing.
CREATE FUNCTION country_trips(p_country text, s send_code_settings, p_closed_until timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  sent bigint;
  verified bigint;
BEGIN
  SELECT coalesce(sum(c.count) FILTER (WHERE c.key = 'country_sent:' || p_country), 0),
      coalesce(sum(c.count) FILTER (WHERE c.key = 'country_verified:' || p_country), 0) INTO sent, verified
  FROM limit_counters c
  WHERE c.key IN ('country_sent:' || p_country, 'country_verified:' || p_country)
    AND c.window_started_at > greatest(now() - interval '1 hour', p_closed_until - interval '5 minutes');
  RETURN sent >= s.breaker_min_sends AND verified < s.breaker_min_verified * sent;
END $$;

-- What an SMS to such a number may not be sent for: 'budget', 'country', or null. Numbers that somebody verified before have a budget of
-- their own, so that nobody who makes numbers up can use up theirs, and no country is closed to them.
-- @param spent SMS that the same call has paid before, which are counted at its end
CREATE FUNCTION sms_refusal(
  p_country text, p_is_known boolean, s send_code_settings, spent int, OUT reason text, OUT retry_after int, OUT has_closed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  kind CONSTANT text := CASE WHEN p_is_known THEN 'known' ELSE 'new' END;
  closed_until timestamptz;
BEGIN
  has_closed := false;
  IF count_of('sms_day:' || kind, 86400) + spent >= s.budget_per_day THEN
    reason := 'budget';
    retry_after := window_left(86400);
  ELSIF count_of('sms_hour:' || kind, 3600) + spent >= s.budget_per_hour THEN
    reason := 'budget';
    retry_after := window_left(3600);
  END IF;
  IF reason IS NOT NULL OR p_is_known THEN RETURN; END IF;

  SELECT b.closed_until INTO closed_until FROM country_breakers b WHERE b.country = p_country;
  IF closed_until > now() THEN
    reason := 'country';
    retry_after := greatest(1, ceil(extract(epoch FROM closed_until - now())));
  ELSIF country_trips(p_country, s, closed_until) THEN
    reason := 'country';
    retry_after := s.closed_for;
    -- Of many who find that it trips, one closes it.
    INSERT INTO country_breakers AS b (country, closed_until) VALUES (p_country, now() + make_interval(secs => s.closed_for))
    ON CONFLICT (country) DO UPDATE SET closed_until = excluded.closed_until WHERE b.closed_until <= now();
    has_closed := FOUND;
  END IF;
END $$;

-- @param place_of_address the place of this request in its address's window, 1 for the first one; null on a trusted device
CREATE FUNCTION send_code(
  r send_code_request, s send_code_settings, device uuid, place_of_address int, spent_new int, spent_known int
) RETURNS send_code_result LANGUAGE plpgsql AS $$
DECLARE
  answer send_code_result;
  account users;
  unknown_of_address bigint := 0;
  refusal record;
  is_refused boolean := false;                      -- for its cost
  has_code boolean;
  put record;
  suffix CONSTANT text := CASE WHEN r.test_ends_at IS NOT NULL THEN ', test identity' WHEN r.purpose <> 'sign_in' THEN ', ' || r.purpose ELSE '' END;
BEGIN
  answer.lane := coalesce(device::text, '');
  answer.is_hidden := false;
  answer.is_paid := false;
  answer.has_closed_country := false;
  answer.shard := s.shard;
  answer.counted_at := now();

  -- Whom the identifier leads in: its owner, or an account that waits for one. Who reads the message is whoever asks, if they are signed in.
  account := user_with(r.method, r.identifier);
  answer.is_known := has_proved(account, r.method);
  IF NOT (answer.is_known OR has_no_owner(account)) THEN account := NULL; END IF;
  answer.user_id := account.id;
  answer.locale := account.locale;
  IF r.purpose <> 'sign_in' THEN
    SELECT u.id, u.locale INTO answer.user_id, answer.locale FROM users u WHERE u.id = r.user_id;
  END IF;

  IF place_of_address > s.max_per_address THEN
    answer.outcome := 'by_address';
    answer.retry_after := window_left(3600);
    PERFORM write_event('excess_rate_limit_exceeded', answer.user_id, r.identifier_hash, r.network, r.request_id, 'send: address' || suffix);
    RETURN answer;
  END IF;

  -- Whoever asks for numbers that nobody has learns nothing more after a while: an unknown one is answered like a known one.
  IF r.only_known AND device IS NULL THEN
    IF account.id IS NULL THEN
      SELECT c.total INTO unknown_of_address FROM count_up(ARRAY[r.unknown_key], 3600) AS c;
    ELSE
      unknown_of_address := count_of(r.unknown_key, 3600);
    END IF;
  END IF;
  answer.is_hidden := r.only_known AND (s.is_strict OR unknown_of_address > s.max_unknown_per_address);
  IF r.only_known AND account.id IS NULL AND NOT answer.is_hidden THEN
    answer.outcome := 'unknown';
    PERFORM write_event('authn_login_fail', NULL, r.identifier_hash, r.network, r.request_id, 'unknown account' || suffix);
    RETURN answer;
  END IF;

  -- A message that was refused gives back what it counted: without a bound, a number that every gateway refuses could be asked for
  -- without end.
  IF count_of(r.refusals_key, 3600) >= s.max_refusals_per_hour THEN
    answer.outcome := 'refused_before';
    answer.retry_after := window_left(3600);
    PERFORM write_event('excess_rate_limit_exceeded', answer.user_id, r.identifier_hash, r.network, r.request_id, 'send: refusals' || suffix);
    RETURN answer;
  END IF;

  -- What costs money has budgets. Where nobody may see what became of it, nothing goes out, and the answer is as always.
  IF r.method = 'phone' AND r.test_ends_at IS NULL THEN
    refusal := sms_refusal(r.country, answer.is_known, s, CASE WHEN answer.is_known THEN spent_known ELSE spent_new END);
    answer.has_closed_country := refusal.has_closed;
    is_refused := refusal.reason IS NOT NULL;
    IF is_refused AND NOT answer.is_hidden THEN
      answer.outcome := ('by_' || refusal.reason)::send_outcome;
      answer.retry_after := refusal.retry_after;
      PERFORM write_event('excess_rate_limit_exceeded', answer.user_id, r.identifier_hash, r.network, r.request_id, 'send: ' || refusal.reason || suffix);
      RETURN answer;
    END IF;
  END IF;

  has_code := NOT r.only_known OR account.id IS NOT NULL;
  put := put_code(r, s, answer.lane, has_code);
  IF NOT put.is_put THEN
    answer.outcome := 'too_soon';
    answer.retry_after := put.retry_after;
    PERFORM write_event('excess_rate_limit_exceeded', answer.user_id, r.identifier_hash, r.network, r.request_id, 'send: identifier' || suffix);
    RETURN answer;
  END IF;

  answer.outcome := 'sent';
  answer.is_paid := has_code AND NOT is_refused;
  answer.code_seed := (put.code).code_seed;
  answer.code_hash := (put.code).code_hash;
  answer.expires_in := floor(extract(epoch FROM (put.code).expires_at - put.at));
  answer.resend_after := seconds_to_next_send(put.code, s, put.at, r.test_ends_at IS NOT NULL);
  answer.attempts_allowed := least(s.max_attempts - (put.code).attempts, s.max_failures - (put.code).failures);
  PERFORM write_event('authn_token_created', answer.user_id, r.identifier_hash, r.network, r.request_id,
    'otp ' || CASE r.method WHEN 'phone' THEN 'sms' ELSE 'email' END || suffix);
  RETURN answer;
END $$;

-- Many at once: see sign_in_batch.
CREATE FUNCTION send_code_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF send_code_result LANGUAGE plpgsql AS $$
DECLARE
  s send_code_settings := json_populate_record(NULL::send_code_settings, settings);
  started timestamptz := clock_timestamp();
  asked send_code_request[];
  place_of int[];
  devices uuid[];
  address_keys text[];
  places_of_addresses int[];
  answer send_code_result;
  spent_countries text[] := '{}';
  spent_new int := 0;
  spent_known int := 0;
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY r.identifier COLLATE "C", e.n), array_agg(e.n ORDER BY r.identifier COLLATE "C", e.n) INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::send_code_request, e.request) AS r;

  FOR n IN 1 .. cardinality(asked) LOOP
    -- A new identifier has no trusted devices yet.
    devices[n] := CASE asked[n].purpose
      WHEN 'sign_in' THEN trusted_device(asked[n].device_hash, asked[n].method, asked[n].identifier)
      WHEN 'step_up' THEN device_of_user(asked[n].device_hash, asked[n].user_id) END;
    address_keys[n] := CASE WHEN devices[n] IS NULL AND NOT is_repeated THEN asked[n].address_key END;
  END LOOP;
  places_of_addresses := count_places(address_keys, 3600);

  FOR n IN 1 .. cardinality(asked) LOOP
    answer := NULL;
    IF is_alone THEN
      answer := send_code(asked[n], s, devices[n], places_of_addresses[n], spent_new, spent_known);
    ELSIF clock_timestamp() > started + interval '250 ms' THEN
      answer.outcome := 'again';
    ELSE
      BEGIN
        answer := send_code(asked[n], s, devices[n], places_of_addresses[n], spent_new, spent_known);
      EXCEPTION WHEN lock_not_available OR deadlock_detected OR data_exception OR integrity_constraint_violation THEN
        answer.outcome := 'again';
      END;
    END IF;
    answer.place := place_of[n];
    IF answer.is_paid AND asked[n].country IS NOT NULL AND asked[n].test_ends_at IS NULL THEN
      IF answer.is_known THEN spent_known := spent_known + 1;
      ELSE
        spent_new := spent_new + 1;
        spent_countries := spent_countries || ('country_sent:' || asked[n].country);
      END IF;
    END IF;
    RETURN NEXT answer;
  END LOOP;

  -- What everybody counts comes last, so that nobody waits for it while something is decided.
  PERFORM count_up(spent_countries, 300, s.shard);
  PERFORM count_up(array_fill('sms_day:known'::text, ARRAY[spent_known]) || array_fill('sms_day:new'::text, ARRAY[spent_new]), 86400, s.shard);
  PERFORM count_up(array_fill('sms_hour:known'::text, ARRAY[spent_known]) || array_fill('sms_hour:new'::text, ARRAY[spent_new]), 3600, s.shard);
END $$;

-- Takes back a send whose message was definitely refused, so that it costs nobody anything: cooldown and counts of the identifier as
-- before it, the SMS budgets and the count of its country in the windows of the moment when it was counted, which may be over. The code
-- stays where an earlier message carries the same one. Once: the send is forgotten, and a second report on it finds nothing.
-- Where nobody may see how it went (`is_hidden`), the identifier keeps its counts, and only what all share is given back.
CREATE FUNCTION give_back_send(
  p_identifier text, p_purpose otp_purpose, p_code_id uuid, p_is_hidden boolean, p_refusals_key text,
  p_country text, p_is_known boolean, p_shard int, p_counted_at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  kind CONSTANT text := CASE WHEN p_is_known THEN 'known' ELSE 'new' END;
BEGIN
  IF NOT p_is_hidden THEN
    UPDATE otps o SET
      -- Another name of the same moment: which code was sent last goes by the time in it (UUIDv7).
      code_id = (left(o.code_id::text, 18) || right(gen_random_uuid()::text, 18))::uuid,
      code_hash = CASE WHEN o.code_sends > 1 THEN o.code_hash END,
      code_seed = CASE WHEN o.code_sends > 1 THEN o.code_seed END,
      code_made_at = CASE WHEN o.code_sends > 1 THEN o.code_made_at END,
      code_sends = greatest(o.code_sends - 1, 0),
      resend_at = now(),
      send_streak = greatest(o.send_streak - 1, 0),
      hour_sends = greatest(o.hour_sends - 1, 0),
      day_sends = greatest(o.day_sends - 1, 0)
    WHERE o.identifier = p_identifier AND o.purpose = p_purpose AND o.code_id = p_code_id AND o.consumed_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM count_up(ARRAY[p_refusals_key], 3600);
  END IF;
  -- In the order in which a send counts them.
  IF p_country IS NOT NULL THEN
    IF NOT p_is_known THEN PERFORM count_down('country_sent:' || p_country, 300, p_shard, p_counted_at); END IF;
    PERFORM count_down('sms_day:' || kind, 86400, p_shard, p_counted_at);
    PERFORM count_down('sms_hour:' || kind, 3600, p_shard, p_counted_at);
  END IF;
  RETURN true;
END $$;
