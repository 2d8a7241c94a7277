-- Stepping up: whoever is signed in proves again that it is them, by a code that went to a phone or email of theirs.

CREATE TYPE step_up_outcome AS ENUM ('proved', 'session_ended', 'wrong', 'locked', 'refused', 'by_address', 'again');

CREATE TYPE step_up_request AS (
  user_id uuid, session_id uuid, device_hash bytea,
  -- of each identifier that a code may have gone to; null where there is none
  phone text, phone_hash bytea, phone_previous_hash bytea,
  email text, email_hash bytea, email_previous_hash bytea,
  address_key text, network text, request_id uuid
);

CREATE TYPE step_up_settings AS (max_attempts int, max_failures int, max_per_address int, proof_lifetime int, shard int);

CREATE TYPE step_up_result AS (
  place int, outcome step_up_outcome, retry_after int, wrong_before int, wrong_after int,
  identifier text,                                  -- where the code had gone to; null where there was none to try
  proven_until timestamptz
);

CREATE FUNCTION step_up(r step_up_request, s step_up_settings, device uuid, place_of_address int)
RETURNS step_up_result LANGUAGE plpgsql AS $$
DECLARE
  answer step_up_result;
  code code_outcome;
  is_own boolean;
  used text;                                        -- what is to be written down as used
BEGIN
  IF device IS NULL AND place_of_address > s.max_per_address THEN
    answer.outcome := 'by_address';
    answer.retry_after := window_left(600);
    -- One event a window: whoever floods us fills the trail otherwise.
    IF place_of_address = s.max_per_address + 1 THEN
      PERFORM write_event('excess_rate_limit_exceeded', r.user_id, NULL, r.network, r.request_id, 'verify: address, step_up');
    END IF;
    RETURN answer;
  END IF;

  -- The attempt is at the code that was sent last, whichever way it went: nobody has two codes to hit with one attempt. Ids of sends
  -- are UUIDv7, which sort by time.
  SELECT o.identifier INTO answer.identifier FROM otps o JOIN users u ON u.id = r.user_id
  WHERE o.purpose = 'step_up' AND o.lane = coalesce(device::text, '') AND o.identifier IN (r.phone, r.email)
    AND (o.identifier = u.phone AND u.phone_verified_at IS NOT NULL OR o.identifier = u.email AND u.email_verified_at IS NOT NULL)
    AND o.code_hash IS NOT NULL AND o.expires_at > clock_timestamp()
  ORDER BY o.code_id DESC LIMIT 1;
  IF answer.identifier = r.phone THEN
    code := verify_code(r.phone, 'step_up', coalesce(device::text, ''), r.phone_hash, r.phone_previous_hash, false, s.max_attempts, s.max_failures);
  ELSE
    code := verify_code(r.email, 'step_up', coalesce(device::text, ''), r.email_hash, r.email_previous_hash, false, s.max_attempts, s.max_failures);
  END IF;
  IF answer.identifier IS NULL OR code <> 'right' THEN
    answer.outcome := CASE WHEN answer.identifier IS NULL THEN 'refused' ELSE code::text::step_up_outcome END;
    PERFORM write_event(
      CASE answer.outcome WHEN 'locked' THEN 'authn_login_lock' ELSE 'authn_login_fail' END,
      r.user_id, NULL, r.network, r.request_id, 'step_up');
    RETURN answer;
  END IF;

  -- The user's row is locked first: whoever takes the identifier off the account, disables it or ends the session does so before or after.
  SELECT u.disabled_at IS NULL AND (
      u.phone = answer.identifier AND u.phone_verified_at IS NOT NULL OR u.email = answer.identifier AND u.email_verified_at IS NOT NULL),
      CASE WHEN is_use_news(u, CASE answer.identifier WHEN u.phone THEN 'phone' ELSE 'email' END)
        THEN CASE answer.identifier WHEN u.phone THEN 'phone' ELSE 'email' END END
    INTO is_own, used FROM users u WHERE u.id = r.user_id FOR NO KEY UPDATE;
  UPDATE sessions x SET proved_at = now()
  WHERE is_own AND x.id = r.session_id AND x.user_id = r.user_id AND x.expires_at > now()
  RETURNING x.proved_at + make_interval(secs => s.proof_lifetime) INTO answer.proven_until;
  answer.outcome := CASE WHEN FOUND THEN 'proved' ELSE 'session_ended' END;
  IF answer.outcome = 'proved' AND used IS NOT NULL THEN PERFORM note_uses(ARRAY[r.user_id], ARRAY[used]); END IF;
  PERFORM write_event(
    CASE answer.outcome WHEN 'proved' THEN 'authn_login_success' ELSE 'authn_login_fail' END,
    r.user_id, NULL, r.network, r.request_id, 'step_up');
  RETURN answer;
END $$;

-- Many at once: see sign_up_batch. In the order of their users: a request here may lock codes of two identifiers, but of one user.
CREATE FUNCTION step_up_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF step_up_result LANGUAGE plpgsql AS $$
DECLARE
  s step_up_settings := json_populate_record(NULL::step_up_settings, settings);
  started timestamptz := clock_timestamp();
  asked step_up_request[];
  place_of int[];
  devices uuid[];
  address_keys text[];
  places_of_addresses int[];
  answers step_up_result[];
  wrong int[] := '{}';
  counted record;
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY coalesce(r.phone, r.email) COLLATE "C", e.n), array_agg(e.n ORDER BY coalesce(r.phone, r.email) COLLATE "C", e.n)
    INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::step_up_request, e.request) AS r;

  FOR n IN 1 .. cardinality(asked) LOOP
    devices[n] := device_of_user(asked[n].device_hash, asked[n].user_id);
    address_keys[n] := CASE WHEN devices[n] IS NULL AND NOT is_repeated THEN asked[n].address_key END;
  END LOOP;
  places_of_addresses := count_places(address_keys, 600);

  FOR n IN 1 .. cardinality(asked) LOOP
    IF is_alone THEN
      answers[n] := step_up(asked[n], s, devices[n], places_of_addresses[n]);
    ELSIF clock_timestamp() > started + interval '250 ms' AND coalesce(places_of_addresses[n] <= s.max_per_address, true) THEN
      answers[n].outcome := 'again';
    ELSE
      BEGIN
        answers[n] := step_up(asked[n], s, devices[n], places_of_addresses[n]);
      EXCEPTION WHEN lock_not_available OR deadlock_detected OR data_exception OR integrity_constraint_violation THEN
        answers[n] := NULL;
        answers[n].outcome := 'again';
      END;
    END IF;
    answers[n].place := place_of[n];
    IF answers[n].outcome IN ('wrong', 'locked') THEN wrong := wrong || n; END IF;
  END LOOP;

  IF wrong <> '{}' THEN
    SELECT * INTO counted FROM count_up(array_fill('guesses'::text, ARRAY[cardinality(wrong)]), 3600, s.shard);
    answers[wrong[1]].wrong_before := counted.total - counted.added;
    answers[wrong[1]].wrong_after := counted.total;
  END IF;
  RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END $$;
