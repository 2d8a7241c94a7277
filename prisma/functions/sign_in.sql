-- Signing in with a code: try_code() and sign_in() decide about one request, sign_ins() reads and writes for many what they decide by.

CREATE TYPE sign_in_outcome AS ENUM (
  'signed_in', 'newcomer',   -- the code was right; of a newcomer the ticket for the signup is kept
  'disabled',                -- the code was right, and its owner may not sign in
  'second_proof',            -- the code was right, and the other identifier is asked for too
  'weigh',                   -- nothing was done: to be asked again with what is known of the other identifier
  'ask',                     -- nothing was done: to be asked again once the product has said that the account may be made
  'wrong', 'locked', 'refused', 'by_address',
  'again'                    -- nothing was done: to be asked alone
);

CREATE TYPE sign_in_request AS (
  method text,                                      -- phone or email
  identifier text, code_hash bytea, previous_code_hash bytea,
  device_hash bytea,                                -- of the token that the device sends; null where it sends none
  session_id uuid, client text, new_device_id uuid, new_device_hash bytea,
  new_user_id uuid, locale text,                    -- of whom a newcomer becomes; no id where that takes more than a code
  is_admitted boolean, public_metadata text,        -- whether the product has let them in, and what it keeps of them
  ticket_hash bytea,                                -- of the ticket that a newcomer gets otherwise
  recycle_hash bytea,                               -- of a ticket that came along, for the account's other identifier
  weighed text, is_reachable boolean,               -- the other identifier, and whether messages go there today
  new_recycle_hash bytea,                           -- of the ticket for whoever is asked for it
  address_key text, country_key text,               -- what the attempt and a first verification are counted by
  network text, request_id uuid, identifier_hash bytea
);

CREATE TYPE sign_in_settings AS (
  max_attempts int, max_failures int, max_per_address int,
  session_ttl int, device_ttl int, max_devices int, ticket_ttl int, max_told_per_day int, shard int,
  recycle_after int,                                -- seconds; null where nobody is asked for a second proof
  asks_before_signup boolean                        -- whether the product decides who may become a user
);

CREATE TYPE sign_in_result AS (
  place int, outcome sign_in_outcome, retry_after int,
  wrong_before int, wrong_after int,                -- of wrong attempts in all, on this shard, around this one
  is_new_user boolean, is_new_device boolean, counts_for_country boolean,
  other text,                                       -- of 'weigh': the account's other identifier
  told_to text[], told_in text,                     -- who hears of it: proven, canonical, null for nobody; in which language (BCP 47)
  event text, event_detail text,                    -- what is written into the trail
  id uuid, user_name text, phone text, email text, role text, created_at timestamptz, updated_at timestamptz
);

-- What comes of the code: where it is right, nothing yet.
-- @param place_of_address the place of this request in its address's window, 1 for the first one
-- @param code the locked row of the code, null where there is none; as it is to be
CREATE FUNCTION try_code(
  r sign_in_request, s sign_in_settings, device uuid, place_of_address int, INOUT code otps, OUT answer sign_in_result, OUT is_right boolean
) LANGUAGE plpgsql AS $$
DECLARE
  attempt record;
BEGIN
  is_right := false;
  answer.is_new_user := false;
  answer.is_new_device := false;

  -- A trusted device counts on no address: strangers of its network cannot hold its owner back.
  IF device IS NULL AND place_of_address > s.max_per_address THEN
    answer.outcome := 'by_address';
    answer.retry_after := window_left(600);
    -- One event a window: whoever floods us fills the trail otherwise.
    IF place_of_address = s.max_per_address + 1 THEN
      answer.event := 'excess_rate_limit_exceeded';
      answer.event_detail := 'verify: address';
    END IF;
    RETURN;
  END IF;

  -- A fixed code stands in settings and in a store's form: it must not open what an admin may do.
  attempt := judge_attempt(
    code, r.code_hash, r.previous_code_hash,
    code.is_test AND (user_with(r.method, r.identifier)).role IS DISTINCT FROM 'ADMIN', s.max_attempts, s.max_failures);
  code := attempt.code;
  is_right := attempt.outcome = 'right';
  IF NOT is_right THEN
    answer.outcome := attempt.outcome::text::sign_in_outcome;
    answer.event := CASE attempt.outcome WHEN 'locked' THEN 'authn_login_lock' ELSE 'authn_login_fail' END;
    answer.event_detail := nullif(concat_ws(', ',
      CASE WHEN attempt.is_test_refused THEN 'admin' END, CASE WHEN attempt.is_test THEN 'test identity' END), '');
  END IF;
END $$;

-- Who signs in with the right code, or becomes a user by it.
-- @param device a trusted one; null where it is new
-- @param person the locked user who has the identifier, null where there was none
-- @param is_test the code was a fixed one
-- @param session that is to be opened; null for none
-- @param uses what is to be written down as used: 'phone', 'email', 'both'; null for nothing
CREATE FUNCTION sign_in(
  r sign_in_request, s sign_in_settings, device uuid, person users, is_test boolean,
  INOUT answer sign_in_result, OUT session new_session, OUT uses text
) LANGUAGE plpgsql AS $$
DECLARE
  other_method CONSTANT text := CASE r.method WHEN 'phone' THEN 'email' ELSE 'phone' END;
  other text;                                       -- the account's other identifier, proved or not
  is_vouched_for boolean := false;                  -- the other identifier was proved a moment ago
  has_passkey boolean := false;
  is_test_detail CONSTANT text := CASE WHEN is_test THEN 'test identity' END;
BEGIN
  -- Its holder of today has asked for an account of their own, and nobody has objected. A fixed code proves no holder.
  IF s.recycle_after IS NOT NULL AND NOT is_test AND is_to_leave(person, r.identifier) THEN
    PERFORM let_leave(person);
    PERFORM write_event('user_updated', person.id, r.identifier_hash, r.network, r.request_id, r.method || ' removed, recycled');
    person := NULL;
  END IF;

  -- The user stays locked to the end: who is disabled, promoted, deleted or loses the identifier in this moment is so before or after.
  WHILE NOT has_proved(person, r.method) LOOP
    -- Each statement sees users as they are now, not as they were before the wait for the code.
    IF r.method = 'phone' THEN SELECT * INTO person FROM users u WHERE u.phone = r.identifier FOR NO KEY UPDATE;
    ELSE SELECT * INTO person FROM users u WHERE u.email = r.identifier FOR NO KEY UPDATE;
    END IF;
    EXIT WHEN has_proved(person, r.method);

    answer.counts_for_country := NOT is_test;
    IF has_no_owner(person) THEN
      -- An account that waited for its owner: the first verification takes it, and ends what somebody had opened before. What else was
      -- said to be theirs nobody has proved: it goes, until they add it (docs/decisions/0011).
      other := CASE r.method WHEN 'phone' THEN person.email ELSE person.phone END;
      IF other IS NOT NULL THEN
        PERFORM write_event('user_updated', person.id, NULL, r.network, r.request_id, other_method || ' removed, not proved');
      END IF;
      UPDATE users u SET
        phone = CASE r.method WHEN 'phone' THEN u.phone END,
        phone_verified_at = CASE r.method WHEN 'phone' THEN now() END,
        email = CASE r.method WHEN 'email' THEN u.email END,
        email_verified_at = CASE r.method WHEN 'email' THEN now() END,
        updated_at = CASE WHEN u.phone IS NULL OR u.email IS NULL THEN u.updated_at ELSE now() END
      WHERE u.id = person.id RETURNING u.* INTO person;
      DELETE FROM sessions x WHERE x.user_id = person.id;
      DELETE FROM devices x WHERE x.user_id = person.id;
      DELETE FROM passkeys x WHERE x.user_id = person.id;
      EXIT;
    END IF;

    -- The code is right, and stays good until the product has let its owner in: it is tried again then, with all that was asked before.
    IF s.asks_before_signup AND r.new_user_id IS NOT NULL AND r.is_admitted IS NOT TRUE THEN
      answer := NULL;
      answer.outcome := 'ask';
      RETURN;
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
      answer.event := 'authn_login_success';
      answer.event_detail := concat_ws(', ', 'newcomer', is_test_detail);
      RETURN;
    END IF;
    INSERT INTO users AS u (id, phone, phone_verified_at, email, email_verified_at, locale, public_metadata)
    VALUES (
      r.new_user_id,
      CASE r.method WHEN 'phone' THEN r.identifier END, CASE r.method WHEN 'phone' THEN now() END,
      CASE r.method WHEN 'email' THEN r.identifier END, CASE r.method WHEN 'email' THEN now() END, r.locale,
      coalesce(r.public_metadata::jsonb, '{}'))
    ON CONFLICT DO NOTHING RETURNING u.* INTO person;
    IF FOUND THEN
      answer.is_new_user := true;
      EXIT;
    END IF;
    -- Somebody was faster: look again.
  END LOOP;

  answer.id := person.id;
  answer.event := 'authn_login_fail';
  -- Somebody who became an admin while this waited for them.
  IF is_test AND person.role = 'ADMIN' THEN
    answer.outcome := 'refused';
    answer.event_detail := 'admin, test identity';
    RETURN;
  END IF;
  IF person.disabled_at IS NOT NULL THEN
    answer.outcome := 'disabled';
    answer.event_detail := concat_ws(', ', 'disabled', is_test_detail);
    RETURN;
  END IF;

  other := CASE r.method WHEN 'phone' THEN person.email ELSE person.phone END;
  -- An identifier that was not used for long may be somebody else's by now: the account's other one is asked for too. The code is used up,
  -- and the ticket stands for it. A fixed code proves nothing, and where no message goes to the other one nobody could prove it.
  IF s.recycle_after IS NOT NULL AND NOT is_test AND has_proved(person, other_method) THEN
    IF r.recycle_hash IS NOT NULL THEN
      DELETE FROM recycle_tickets t
      WHERE t.token_hash = r.recycle_hash AND t.user_id = person.id AND t.identifier = other AND t.expires_at > clock_timestamp();
      is_vouched_for := FOUND;
    END IF;
    IF NOT is_vouched_for AND last_use(person, r.method) < now() - make_interval(secs => s.recycle_after) THEN
      IF r.weighed IS DISTINCT FROM other THEN
        answer := NULL;
        answer.outcome := 'weigh';
        answer.other := other;
        RETURN;
      END IF;
      IF r.is_reachable THEN
        INSERT INTO recycle_tickets (token_hash, user_id, identifier, expires_at)
        VALUES (r.new_recycle_hash, person.id, r.identifier, now() + make_interval(secs => s.ticket_ttl));
        answer.outcome := 'second_proof';
        answer.event_detail := 'second proof';
        answer.retry_after := seconds_to_leave(person, r.identifier);
        RETURN;
      END IF;
    END IF;
  END IF;
  uses := CASE
    WHEN is_test THEN NULL
    WHEN is_vouched_for THEN 'both'
    WHEN is_use_news(person, r.method) THEN r.method END;

  -- The device may have been revoked while this waited for the user: then it is a new one.
  IF device IS NOT NULL THEN SELECT d.id INTO device FROM devices d WHERE d.id = device AND d.user_id = person.id; END IF;
  answer.is_new_device := device IS NULL;
  IF answer.is_new_device AND NOT answer.is_new_user THEN
    has_passkey := EXISTS (SELECT FROM passkeys p WHERE p.user_id = person.id);
  END IF;
  -- Whoever got a number that was somebody else's before, or a mailbox of another, gets into that account: its owner hears of it at the
  -- other identifier. Who has a passkey and is asked for a code may have been asked by a page that only looks like ours, and hears of it at
  -- both. Not more often than a person needs to be told, since a message costs.
  IF answer.is_new_device AND NOT answer.is_new_user AND NOT is_test AND (has_passkey OR has_proved(person, other_method)) THEN
    SELECT array_remove(ARRAY[
        CASE WHEN has_passkey THEN r.identifier END, CASE WHEN has_proved(person, other_method) THEN other END], NULL), person.locale
      INTO answer.told_to, answer.told_in
    FROM count_up(ARRAY['told:sign_in:' || person.id], 86400) AS c WHERE c.total <= s.max_told_per_day;
  END IF;
  answer.outcome := 'signed_in';
  answer.event := 'authn_login_success';
  answer.event_detail := nullif(concat_ws(', ', CASE WHEN answer.is_new_user THEN 'newcomer' END, is_test_detail), '');
  answer.user_name := person.user_name;
  answer.phone := person.phone;
  answer.email := person.email;
  answer.role := person.role;
  answer.created_at := person.created_at;
  answer.updated_at := person.updated_at;
  session := ROW(person.id, r.session_id, r.client, r.network, is_test, device, r.new_device_id, r.new_device_hash, has_passkey);
END $$;

-- Signs many in at once. The requests are sorted by identifier (COLLATE "C"), the order in which everybody locks codes; a second one of the
-- same identifier is asked again, and one whose code or user somebody else holds: the others do not wait for it. After the codes come the
-- users, by id, then devices and sessions.
CREATE FUNCTION sign_ins(asked sign_in_request[], s sign_in_settings, devices uuid[], places_of_addresses int[], is_alone boolean)
RETURNS sign_in_result[] LANGUAGE plpgsql AS $$
DECLARE
  within text[];                                    -- identifiers that their address may still try a code of
  lanes text[];
  live record;
  tried record;
  owners record;
  decided record;
  answers sign_in_result[];
  right_ones int[] := '{}';
  right_codes otps[] := '{}';
  methods text[] := '{}';                           -- of those
  identifiers text[] := '{}';
  new_codes otps[] := '{}';
  new_sessions new_session[] := '{}';
  users_in_use uuid[] := '{}';
  uses text[] := '{}';
  place int;
BEGIN
  SELECT array_agg(CASE WHEN devices[q.ordinality] IS NULL AND places_of_addresses[q.ordinality] > s.max_per_address THEN NULL ELSE q.identifier END),
      array_agg(coalesce(devices[q.ordinality]::text, ''))
    INTO within, lanes
  FROM unnest(asked) WITH ORDINALITY AS q;
  live := lock_codes(within, array_fill('sign_in'::otp_purpose, ARRAY[cardinality(asked)]), lanes, is_alone);

  FOR n IN 1 .. cardinality(asked) LOOP
    IF live.are_held[n] OR asked[n].identifier = asked[n - 1].identifier THEN
      answers[n].outcome := 'again';
      CONTINUE;
    END IF;
    tried := try_code(asked[n], s, devices[n], places_of_addresses[n], live.codes[n]);
    answers[n] := tried.answer;
    IF tried.is_right THEN
      right_ones := right_ones || n;
      right_codes := right_codes || tried.code;
      methods := methods || asked[n].method;
      identifiers := identifiers || asked[n].identifier;
    ELSIF answers[n].outcome IN ('wrong', 'locked') THEN
      new_codes := new_codes || tried.code;
    END IF;
  END LOOP;

  IF right_ones <> '{}' THEN owners := lock_users_with(methods, identifiers, is_alone); END IF;
  FOR k IN 1 .. cardinality(right_ones) LOOP
    place := right_ones[k];
    IF owners.are_held[k] THEN
      answers[place] := NULL;
      answers[place].outcome := 'again';
      CONTINUE;
    END IF;
    decided := sign_in(asked[place], s, devices[place], owners.people[k], right_codes[k].is_test, answers[place]);
    answers[place] := decided.answer;
    CONTINUE WHEN answers[place].outcome IN ('weigh', 'ask');
    new_codes := new_codes || right_codes[k];
    IF decided.uses IS NOT NULL THEN
      users_in_use := users_in_use || answers[place].id;
      uses := uses || decided.uses;
    END IF;
    IF answers[place].outcome = 'signed_in' THEN new_sessions := new_sessions || decided.session; END IF;
  END LOOP;

  -- In any order: the rows are locked.
  IF new_codes <> '{}' THEN PERFORM save_codes(new_codes, live.codes); END IF;
  IF users_in_use <> '{}' THEN PERFORM note_uses(users_in_use, uses); END IF;
  IF new_sessions <> '{}' THEN PERFORM open_sessions(new_sessions, s.session_ttl, s.device_ttl, s.max_devices); END IF;
  RETURN answers;
END $$;

-- Many at once, what came together while the call before it was on its way. Where PostgreSQL refuses one of them, or a row that comes
-- meanwhile keeps it waiting for more than 100 ms, nothing of the call is done, and each is asked alone.
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
  countries text[] := '{}';
  told_to text[] := '{}';
  counted record;
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY r.identifier COLLATE "C", e.n), array_agg(e.n ORDER BY r.identifier COLLATE "C", e.n) INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::sign_in_request, e.request) AS r;

  -- What is asked again has been counted before: by itself, or once the product has let a newcomer in or the other identifier was weighed.
  -- Only a right code comes so far, so that nobody gets a guess by it.
  FOR n IN 1 .. cardinality(asked) LOOP
    devices[n] := trusted_device(asked[n].device_hash, asked[n].method, asked[n].identifier);
    address_keys[n] := CASE
      WHEN devices[n] IS NULL AND NOT is_repeated AND asked[n].is_admitted IS NOT TRUE AND asked[n].weighed IS NULL THEN asked[n].address_key END;
  END LOOP;
  places_of_addresses := count_places(address_keys, 600);

  LOOP
    answers := sign_ins(asked, s, devices, places_of_addresses, is_alone);
    -- Who is asked alone waits for a row, but it may come, and be held, in between.
    EXIT WHEN NOT is_alone OR answers[1].outcome <> 'again';
  END LOOP;
  FOR n IN 1 .. cardinality(asked) LOOP
    answers[n].place := place_of[n];
    IF answers[n].outcome IN ('wrong', 'locked') THEN wrong := wrong || n; END IF;
    IF answers[n].counts_for_country THEN countries := countries || asked[n].country_key; END IF;
    IF answers[n].told_to IS NOT NULL THEN told_to := told_to || answers[n].told_to; END IF;
  END LOOP;

  INSERT INTO auth_events (event, user_id, identifier_hash, network, request_id, detail)
  SELECT e.event, answers[n].id, asked[n].identifier_hash, asked[n].network, asked[n].request_id, e.detail
  FROM generate_subscripts(answers, 1) AS n, LATERAL (
    SELECT 'user_created', NULL WHERE answers[n].is_new_user
    UNION ALL SELECT answers[n].event, answers[n].event_detail
  ) AS e (event, detail)
  WHERE e.event IS NOT NULL;
  -- What everybody counts comes last, so that nobody waits for it while something is decided.
  IF wrong <> '{}' THEN
    SELECT * INTO counted FROM count_up(array_fill('guesses'::text, ARRAY[cardinality(wrong)]), 3600, s.shard);
    answers[wrong[1]].wrong_before := counted.total - counted.added;
    answers[wrong[1]].wrong_after := counted.total;
  END IF;
  IF countries <> '{}' THEN PERFORM count_up(countries, 300, s.shard); END IF;
  IF told_to <> '{}' THEN PERFORM count_notices(told_to, s.shard); END IF;
  RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END $$;
