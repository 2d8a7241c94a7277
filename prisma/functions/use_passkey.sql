-- Using a passkey whose signature was found good (src/passkeys): to sign in, or to prove again that it is still its user.

CREATE TYPE use_passkey_outcome AS ENUM (
  'signed_in', 'proved',
  'gone', 'disabled', 'cloned',      -- the passkey was removed meanwhile; its user may not sign in; it is there twice, and is removed now
  'session_ended',                   -- whoever is to be proved is not signed in any more
  'again'                            -- nothing was done: to be asked alone
);

CREATE TYPE use_passkey_request AS (
  passkey_id uuid, user_id uuid,
  counter bigint, backed_up boolean, -- as its authenticator signed them
  proved_session_id uuid,            -- the session that is to be proved again; null for who signs in
  device_hash bytea,                 -- of the token that the device sends; null where it sends none
  session_id uuid, client text, new_device_id uuid, new_device_hash bytea,
  network text, request_id uuid
);

CREATE TYPE use_passkey_settings AS (
  session_ttl int, device_ttl int, max_devices int, proof_lifetime int, max_told_per_day int, shard int
);

CREATE TYPE use_passkey_result AS (
  place int, outcome use_passkey_outcome, is_new_device boolean, proven_until timestamptz,
  told_to text[], told_in text,      -- who hears of it: proven, canonical, null for nobody; in which language (BCP 47)
  id uuid, user_name text, phone text, email text, role text, created_at timestamptz, updated_at timestamptz
);

CREATE FUNCTION use_passkey(r use_passkey_request, s use_passkey_settings) RETURNS use_passkey_result LANGUAGE plpgsql AS $$
DECLARE
  answer use_passkey_result;
  person users;
  passkey passkeys;
  device uuid;
  proved CONSTANT text := CASE WHEN r.proved_session_id IS NULL THEN 'passkey' ELSE 'step_up, passkey' END;
  identifiers text[];                -- all that the user has proved, the cheapest to tell first
BEGIN
  -- The user first, as everywhere: who is disabled or deleted, or removes the passkey in this moment, does so before or after.
  SELECT * INTO person FROM users u WHERE u.id = r.user_id FOR NO KEY UPDATE;
  SELECT * INTO passkey FROM passkeys p WHERE p.id = r.passkey_id AND p.user_id = person.id FOR UPDATE;
  IF passkey.id IS NULL OR person.disabled_at IS NOT NULL THEN
    answer.outcome := CASE WHEN passkey.id IS NULL THEN 'gone' ELSE 'disabled' END;
    PERFORM write_event('authn_login_fail', person.id, NULL, r.network, r.request_id, proved || ', ' || answer.outcome::text);
    RETURN answer;
  END IF;
  identifiers := array_remove(ARRAY[
    CASE WHEN has_proved(person, 'email') THEN person.email END, CASE WHEN has_proved(person, 'phone') THEN person.phone END], NULL);
  answer.told_in := person.locale;

  -- An authenticator that counts never goes back: two have the same key (WebAuthn level 3, §6.1.1). Which of both is the owner's nobody
  -- knows, so it opens nothing for either. Those that do not count say 0, always.
  IF (r.counter > 0 OR passkey.counter > 0) AND r.counter <= passkey.counter THEN
    DELETE FROM passkeys p WHERE p.id = passkey.id;
    answer.outcome := 'cloned';
    answer.told_to := identifiers;
    PERFORM write_event('authn_token_reuse', person.id, NULL, r.network, r.request_id, proved || ', its counter went back');
    PERFORM write_event('user_updated', person.id, NULL, r.network, r.request_id, 'passkey removed');
    RETURN answer;
  END IF;
  UPDATE passkeys p SET counter = r.counter, backed_up = r.backed_up, last_used_at = now() WHERE p.id = passkey.id;
  -- Whoever signs in by passkey needs no code for months: their identifiers look unused, and are not somebody else's for that.
  IF person.leaving_since IS NOT NULL THEN PERFORM note_uses(ARRAY[person.id], ARRAY['neither']); END IF;

  IF r.proved_session_id IS NOT NULL THEN
    UPDATE sessions x SET proved_at = now()
    WHERE x.id = r.proved_session_id AND x.user_id = person.id AND x.expires_at > now()
    RETURNING x.proved_at + make_interval(secs => s.proof_lifetime) INTO answer.proven_until;
    answer.outcome := CASE WHEN FOUND THEN 'proved' ELSE 'session_ended' END;
    PERFORM write_event(
      CASE answer.outcome WHEN 'proved' THEN 'authn_login_success' ELSE 'authn_login_fail' END,
      person.id, NULL, r.network, r.request_id, proved);
    RETURN answer;
  END IF;

  device := device_of_user(r.device_hash, person.id);
  answer.is_new_device := device IS NULL;
  -- As with a code: whoever has got hold of an unlocked phone is not alone with it. One message, and not more often than a person needs.
  IF answer.is_new_device THEN
    SELECT identifiers[1:1] INTO answer.told_to
    FROM count_up(ARRAY['told:sign_in:' || person.id], 86400) AS c WHERE c.total <= s.max_told_per_day;
  END IF;
  PERFORM open_sessions(
    ARRAY[ROW(person.id, r.session_id, r.client, r.network, false, device, r.new_device_id, r.new_device_hash, false)::new_session],
    s.session_ttl, s.device_ttl, s.max_devices);
  PERFORM write_event('authn_login_success', person.id, NULL, r.network, r.request_id, proved);
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

-- Many at once: see sign_up_batch. In the order of their users.
CREATE FUNCTION use_passkey_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF use_passkey_result LANGUAGE plpgsql AS $$
DECLARE
  s use_passkey_settings := json_populate_record(NULL::use_passkey_settings, settings);
  started timestamptz := clock_timestamp();
  asked use_passkey_request[];
  place_of int[];
  answers use_passkey_result[];
  told_to text[] := '{}';
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY r.user_id, e.n), array_agg(e.n ORDER BY r.user_id, e.n) INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::use_passkey_request, e.request) AS r;
  FOR n IN 1 .. cardinality(asked) LOOP
    IF is_alone THEN
      answers[n] := use_passkey(asked[n], s);
    ELSIF clock_timestamp() > started + interval '250 ms' THEN
      answers[n].outcome := 'again';
    ELSE
      BEGIN
        answers[n] := use_passkey(asked[n], s);
      EXCEPTION WHEN lock_not_available OR deadlock_detected OR data_exception OR integrity_constraint_violation THEN
        answers[n] := NULL;
        answers[n].outcome := 'again';
      END;
    END IF;
    answers[n].place := place_of[n];
    IF answers[n].told_to IS NOT NULL THEN told_to := told_to || answers[n].told_to; END IF;
  END LOOP;
  IF told_to <> '{}' THEN PERFORM count_notices(told_to, s.shard); END IF;
  RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END $$;
