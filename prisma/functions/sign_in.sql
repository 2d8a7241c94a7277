-- Signing in with a code, one file from top to bottom: sign_in() decides about one request, sign_in_batch() asks it for many.

CREATE TYPE sign_in_outcome AS ENUM (
  'signed_in', 'newcomer',   -- the code was right; of a newcomer the ticket for the signup is kept
  'disabled',                -- the code was right, and its owner may not sign in
  'wrong', 'locked', 'refused', 'by_address',
  'again'                    -- nothing was done: to be asked alone
);

CREATE TYPE sign_in_request AS (
  method text,                                      -- phone or email
  identifier text, code_hash bytea, previous_code_hash bytea,
  device_hash bytea,                                -- of the token that the device sends; null where it sends none
  session_id uuid, client text, new_device_id uuid, new_device_hash bytea,
  new_user_id uuid, locale text,                    -- of whom a newcomer becomes; no id where that takes more than a code
  ticket_hash bytea,                                -- of the ticket that a newcomer gets otherwise
  address_key text, country_key text,               -- what the attempt and a first verification are counted by
  network text, request_id uuid, identifier_hash bytea
);

CREATE TYPE sign_in_settings AS (
  max_attempts int, max_failures int, max_per_address int,
  session_ttl int, device_ttl int, max_devices int, ticket_ttl int, max_told_per_day int, shard int
);

CREATE TYPE sign_in_result AS (
  place int, outcome sign_in_outcome, retry_after int,
  wrong_before int, wrong_after int,                -- of wrong attempts in all, on this shard, around this one
  is_new_user boolean, is_new_device boolean, counts_for_country boolean,
  told_to text, told_in text,                       -- who hears of it: proven, canonical, null for nobody; in which language (BCP 47)
  id uuid, user_name text, phone text, email text, role text, created_at timestamptz, updated_at timestamptz
);

CREATE FUNCTION sign_in(r sign_in_request, s sign_in_settings, device uuid, place_of_address int)
RETURNS sign_in_result LANGUAGE plpgsql AS $$
DECLARE
  answer sign_in_result;
  code record;
  person users;
  is_test_detail text;
BEGIN
  answer.is_new_user := false;
  answer.is_new_device := false;

  -- A trusted device counts on no address: strangers of its network cannot hold its owner back.
  IF device IS NULL AND place_of_address > s.max_per_address THEN
    answer.outcome := 'by_address';
    answer.retry_after := window_left(600);
    -- One event a window: whoever floods us fills the trail otherwise.
    IF place_of_address = s.max_per_address + 1 THEN
      PERFORM write_event('excess_rate_limit_exceeded', NULL, r.identifier_hash, r.network, r.request_id, 'verify: address');
    END IF;
    RETURN answer;
  END IF;

  -- A fixed code stands in settings and in a store's form: it must not open what an admin may do.
  code := verify_code(
    r.identifier, 'sign_in', coalesce(device::text, ''), r.code_hash, r.previous_code_hash,
    (user_with(r.method, r.identifier)).role IS DISTINCT FROM 'ADMIN', s.max_attempts, s.max_failures);
  is_test_detail := CASE WHEN code.is_test THEN 'test identity' END;
  IF code.outcome <> 'right' THEN
    answer.outcome := code.outcome::text::sign_in_outcome;
    PERFORM write_event(
      CASE code.outcome WHEN 'locked' THEN 'authn_login_lock' ELSE 'authn_login_fail' END,
      NULL, r.identifier_hash, r.network, r.request_id,
      nullif(concat_ws(', ', CASE WHEN code.is_test_refused THEN 'admin' END, is_test_detail), ''));
    RETURN answer;
  END IF;

  -- Whose identifier is it? Each statement sees users as they are now, not as they were before the wait for the code.
  -- The user stays locked to the end: who is disabled, promoted, deleted or loses the identifier in this moment is so before or after.
  LOOP
    IF r.method = 'phone' THEN SELECT * INTO person FROM users u WHERE u.phone = r.identifier FOR NO KEY UPDATE;
    ELSE SELECT * INTO person FROM users u WHERE u.email = r.identifier FOR NO KEY UPDATE;
    END IF;
    EXIT WHEN has_proved(person, r.method);

    answer.counts_for_country := NOT code.is_test;
    IF has_no_owner(person) THEN
      -- An account that waited for its owner: the first verification takes it, and ends what somebody had opened before.
      UPDATE users u SET
        phone_verified_at = CASE r.method WHEN 'phone' THEN now() END,
        email_verified_at = CASE r.method WHEN 'email' THEN now() END
      WHERE u.id = person.id RETURNING u.* INTO person;
      DELETE FROM sessions x WHERE x.user_id = person.id;
      DELETE FROM devices x WHERE x.user_id = person.id;
      EXIT;
    END IF;

    -- What an admin typed into somebody else's account was no proof, and ends here (docs/decisions/0011).
    IF person.id IS NOT NULL THEN
      UPDATE users u SET updated_at = now(),
        phone = CASE r.method WHEN 'phone' THEN NULL ELSE u.phone END,
        email = CASE r.method WHEN 'email' THEN NULL ELSE u.email END
      WHERE u.id = person.id;
    END IF;
    IF r.new_user_id IS NULL THEN
      answer.outcome := 'newcomer';
      INSERT INTO signup_tickets (token_hash, phone, expires_at)
      VALUES (r.ticket_hash, r.identifier, now() + make_interval(secs => s.ticket_ttl));
      PERFORM write_event('authn_login_success', NULL, r.identifier_hash, r.network, r.request_id,
        concat_ws(', ', 'newcomer', is_test_detail));
      RETURN answer;
    END IF;
    INSERT INTO users AS u (id, phone, phone_verified_at, email, email_verified_at, locale)
    VALUES (
      r.new_user_id,
      CASE r.method WHEN 'phone' THEN r.identifier END, CASE r.method WHEN 'phone' THEN now() END,
      CASE r.method WHEN 'email' THEN r.identifier END, CASE r.method WHEN 'email' THEN now() END, r.locale)
    ON CONFLICT DO NOTHING RETURNING u.* INTO person;
    IF FOUND THEN
      answer.is_new_user := true;
      PERFORM write_event('user_created', person.id, r.identifier_hash, r.network, r.request_id);
      EXIT;
    END IF;
    -- Somebody was faster: look again.
  END LOOP;

  -- Somebody who became an admin while this waited for them.
  IF code.is_test AND person.role = 'ADMIN' THEN
    answer.outcome := 'refused';
    PERFORM write_event('authn_login_fail', person.id, r.identifier_hash, r.network, r.request_id, 'admin, test identity');
    RETURN answer;
  END IF;
  IF person.disabled_at IS NOT NULL THEN
    answer.outcome := 'disabled';
    PERFORM write_event('authn_login_fail', person.id, r.identifier_hash, r.network, r.request_id,
      concat_ws(', ', 'disabled', is_test_detail));
    RETURN answer;
  END IF;

  -- The device may have been revoked while this waited for the user: then it is a new one.
  SELECT d.id INTO device FROM devices d WHERE d.id = device AND d.user_id = person.id;
  answer.is_new_device := open_session(
    person.id, r.session_id, s.session_ttl, r.client, r.network, code.is_test,
    device, r.new_device_id, r.new_device_hash, s.device_ttl, s.max_devices);
  PERFORM write_event('authn_login_success', person.id, r.identifier_hash, r.network, r.request_id,
    nullif(concat_ws(', ', CASE WHEN answer.is_new_user THEN 'newcomer' END, is_test_detail), ''));
  -- Whoever got a number that was somebody else's before, or a mailbox of another, gets into that account: its owner hears of it at the
  -- other identifier. Not more often than a person needs to be told, since a message costs.
  IF answer.is_new_device AND NOT answer.is_new_user AND NOT code.is_test
    AND has_proved(person, CASE r.method WHEN 'phone' THEN 'email' ELSE 'phone' END) THEN
    SELECT CASE r.method WHEN 'phone' THEN person.email ELSE person.phone END, person.locale INTO answer.told_to, answer.told_in
    FROM count_up(ARRAY['told:sign_in:' || person.id], 86400) AS c WHERE c.total <= s.max_told_per_day;
  END IF;
  answer.outcome := 'signed_in';
  answer.id := person.id;
  answer.user_name := person.user_name;
  answer.phone := person.phone;
  answer.email := person.email;
  answer.role := person.role;
  answer.created_at := person.created_at;
  answer.updated_at := person.updated_at;
  RETURN answer;
END $$;

-- Many at once, each by itself, in the order of their identifiers, which every replica keeps to. One that waits too long for a lock, or
-- that PostgreSQL refuses, is undone by itself and asked alone after the commit; so is what is left after 250 ms.
CREATE FUNCTION sign_in_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF sign_in_result LANGUAGE plpgsql AS $$
DECLARE
  s sign_in_settings := json_populate_record(NULL::sign_in_settings, settings);
  asked sign_in_request[];
  place_of int[];
  devices uuid[];
  address_keys text[];
  places_of_addresses int[];
  answers sign_in_result[];
  wrong int[] := '{}';
  counted record;
  started timestamptz := clock_timestamp();
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY r.identifier COLLATE "C", e.n), array_agg(e.n ORDER BY r.identifier COLLATE "C", e.n) INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::sign_in_request, e.request) AS r;

  -- What is asked again has been counted before.
  FOR n IN 1 .. cardinality(asked) LOOP
    devices[n] := trusted_device(asked[n].device_hash, asked[n].method, asked[n].identifier);
    address_keys[n] := CASE WHEN devices[n] IS NULL AND NOT is_repeated THEN asked[n].address_key END;
  END LOOP;
  places_of_addresses := count_places(address_keys, 600);

  FOR n IN 1 .. cardinality(asked) LOOP
    IF is_alone THEN
      answers[n] := sign_in(asked[n], s, devices[n], places_of_addresses[n]);
    ELSIF clock_timestamp() > started + interval '250 ms' AND coalesce(places_of_addresses[n] <= s.max_per_address, true) THEN
      answers[n].outcome := 'again';
    ELSE
      BEGIN
        answers[n] := sign_in(asked[n], s, devices[n], places_of_addresses[n]);
      EXCEPTION WHEN lock_not_available OR deadlock_detected OR data_exception OR integrity_constraint_violation THEN
        answers[n] := NULL;
        answers[n].outcome := 'again';
      END;
    END IF;
    answers[n].place := place_of[n];
    IF answers[n].outcome IN ('wrong', 'locked') THEN wrong := wrong || n; END IF;
  END LOOP;

  -- What everybody counts comes last, so that nobody waits for it while something is decided.
  IF wrong <> '{}' THEN
    SELECT * INTO counted FROM count_up(array_fill('guesses'::text, ARRAY[cardinality(wrong)]), 3600, s.shard);
    answers[wrong[1]].wrong_before := counted.total - counted.added;
    answers[wrong[1]].wrong_after := counted.total;
  END IF;
  PERFORM count_up(ARRAY(
    SELECT asked[n].country_key FROM generate_subscripts(answers, 1) AS n WHERE answers[n].counts_for_country
  ), 300, s.shard);
  PERFORM count_notices(ARRAY(SELECT a.told_to FROM unnest(answers) AS a), s.shard);
  RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END $$;
