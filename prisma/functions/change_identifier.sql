-- What people do with their own phone and email: add or change one by a code that went to the new one, remove one.
-- Who owns an identifier: docs/decisions/0011.

CREATE TYPE change_outcome AS ENUM (
  'changed', 'taken',                -- the code was right; somebody else has the identifier
  'too_many',                        -- the account has had its changes of the day; the code stays good
  'session_ended',                   -- whoever asks is not signed in any more
  'not_there', 'last_identifier',    -- nothing to remove, or nothing else that leads in
  'wrong', 'locked', 'refused', 'by_address', 'again'
);

CREATE TYPE change_identifier_request AS (
  user_id uuid, session_id uuid,
  method text,                       -- phone or email
  identifier text,                   -- the new one; null where it is to be removed
  code_hash bytea, previous_code_hash bytea,
  address_key text, country_key text, network text, request_id uuid, identifier_hash bytea
);

CREATE TYPE change_identifier_settings AS (
  max_attempts int, max_failures int, max_per_address int, max_changes_per_day int, session_max_age int, shard int
);

CREATE TYPE change_identifier_result AS (
  place int, outcome change_outcome, retry_after int, wrong_before int, wrong_after int, counts_for_country boolean,
  told_to text,                      -- who is to be told of it: proven, canonical; null for nobody
  locale text,
  id uuid, user_name text, phone text, email text, role text, created_at timestamptz, updated_at timestamptz
);

-- Whether the session is still one of the user's, who may still sign in. Asked when everything else is locked: whose session has ended,
-- or who was disabled, while a body was on its way, changes nothing.
CREATE FUNCTION is_signed_in(p_user_id uuid, p_session_id uuid, p_max_age int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM sessions x JOIN users u ON u.id = x.user_id
    WHERE x.id = p_session_id AND x.user_id = p_user_id AND u.disabled_at IS NULL
      AND x.expires_at > now() AND x.created_at > now() - make_interval(secs => p_max_age)
  );
END $$;

-- What ends with an identifier that the account has lost: its devices, the sessions elsewhere, which rest on it, and the codes that only
-- its owner could have asked for. The counters stay: an account that comes back finds no attempt forgotten.
CREATE FUNCTION end_what_rests_on(p_user_id uuid, p_session_id uuid, p_lost text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE otps o SET code_hash = NULL WHERE o.identifier = p_lost AND o.purpose <> 'sign_in' AND o.code_hash IS NOT NULL;
  DELETE FROM devices d WHERE d.user_id = p_user_id;
  DELETE FROM sessions x WHERE x.user_id = p_user_id AND x.id <> p_session_id;
END $$;

-- Gives the user an identifier that they have just verified, or takes theirs off (null). Returns false where it leads somebody else in.
-- What an admin typed into somebody else's account was no proof, and ends here.
CREATE FUNCTION give_identifier(p_user_id uuid, p_method text, p_identifier text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  holder users;
BEGIN
  LOOP
    holder := user_with(p_method, p_identifier);
    IF holder.id <> p_user_id AND (has_proved(holder, p_method) OR has_no_owner(holder)) THEN RETURN false; END IF;
    BEGIN
      IF p_method = 'phone' THEN
        UPDATE users u SET phone = NULL, updated_at = now() WHERE u.id = holder.id AND u.id <> p_user_id;
        UPDATE users u SET phone = p_identifier, updated_at = now(), phone_verified_at = CASE
          WHEN p_identifier IS NULL THEN NULL WHEN u.phone = p_identifier THEN coalesce(u.phone_verified_at, now()) ELSE now() END
        WHERE u.id = p_user_id;
      ELSE
        UPDATE users u SET email = NULL, updated_at = now() WHERE u.id = holder.id AND u.id <> p_user_id;
        UPDATE users u SET email = p_identifier, updated_at = now(), email_verified_at = CASE
          WHEN p_identifier IS NULL THEN NULL WHEN u.email = p_identifier THEN coalesce(u.email_verified_at, now()) ELSE now() END
        WHERE u.id = p_user_id;
      END IF;
      RETURN true;
    EXCEPTION WHEN unique_violation THEN
      -- Somebody has got it while this waited for them: look again.
    END;
  END LOOP;
END $$;

CREATE FUNCTION change_identifier(r change_identifier_request, s change_identifier_settings, place_of_address int)
RETURNS change_identifier_result LANGUAGE plpgsql AS $$
DECLARE
  answer change_identifier_result;
  me users;
  holder users;                      -- who has the identifier that is asked for
  code code_outcome;
  now_mine text;                     -- the identifier of this method, before
  is_mine_proven boolean;
  is_other_proven boolean;           -- of the other method
  changes_key text := 'identifier_changes:' || r.user_id;
  done text;
BEGIN
  IF r.identifier IS NOT NULL AND place_of_address > s.max_per_address THEN
    answer.outcome := 'by_address';
    answer.retry_after := window_left(600);
    -- One event a window: whoever floods us fills the trail otherwise.
    IF place_of_address = s.max_per_address + 1 THEN
      PERFORM write_event('excess_rate_limit_exceeded', r.user_id, r.identifier_hash, r.network, r.request_id, 'verify: address, change_identifier');
    END IF;
    RETURN answer;
  END IF;

  -- Locks are taken in one order everywhere: codes by identifier, the lost one's too; then users by id; then the rest.
  SELECT CASE r.method WHEN 'phone' THEN u.phone ELSE u.email END INTO now_mine FROM users u WHERE u.id = r.user_id;
  PERFORM FROM otps o WHERE o.identifier IN (r.identifier, now_mine) ORDER BY o.identifier COLLATE "C", o.purpose, o.lane FOR UPDATE;
  IF r.method = 'phone' THEN PERFORM FROM users u WHERE u.id = r.user_id OR u.phone = r.identifier ORDER BY u.id FOR UPDATE;
  ELSE PERFORM FROM users u WHERE u.id = r.user_id OR u.email = r.identifier ORDER BY u.id FOR UPDATE;
  END IF;
  SELECT * INTO me FROM users u WHERE u.id = r.user_id;
  IF me.id IS NULL OR NOT is_signed_in(me.id, r.session_id, s.session_max_age) THEN
    answer.outcome := 'session_ended';
    RETURN answer;
  END IF;
  now_mine := CASE r.method WHEN 'phone' THEN me.phone ELSE me.email END;
  is_mine_proven := has_proved(me, r.method);
  is_other_proven := has_proved(me, CASE r.method WHEN 'phone' THEN 'email' ELSE 'phone' END);

  IF r.identifier IS NULL AND (now_mine IS NULL OR NOT is_other_proven) THEN
    answer.outcome := CASE WHEN now_mine IS NULL THEN 'not_there' ELSE 'last_identifier' END;
    RETURN answer;
  END IF;

  -- Each change tells whoever reads the old identifier, and that message costs. To verify again what one has is no change. Asked before
  -- the code is: it stays good for tomorrow.
  IF r.identifier IS DISTINCT FROM now_mine AND count_of(changes_key, 86400) >= s.max_changes_per_day THEN
    answer.outcome := 'too_many';
    answer.retry_after := window_left(86400);
    -- One event a day for each of both: no limit of addresses holds up who removes.
    PERFORM write_event('excess_rate_limit_exceeded', me.id, r.identifier_hash, r.network, r.request_id,
      CASE WHEN r.identifier IS NULL THEN 'remove: changes, ' || r.method ELSE 'verify: changes, change_identifier' END)
    FROM count_up(ARRAY[CASE WHEN r.identifier IS NULL THEN 'told:removal:' ELSE 'told:change:' END || r.user_id], 86400) AS c WHERE c.total = 1;
    RETURN answer;
  END IF;

  IF r.identifier IS NOT NULL THEN
    code := verify_code(r.identifier, 'change_identifier', '', r.code_hash, r.previous_code_hash, false, s.max_attempts, s.max_failures);
    IF code <> 'right' THEN
      answer.outcome := code::text::change_outcome;
      PERFORM write_event(
        CASE code WHEN 'locked' THEN 'authn_login_lock' ELSE 'authn_login_fail' END,
        me.id, r.identifier_hash, r.network, r.request_id, 'change_identifier');
      RETURN answer;
    END IF;

    holder := user_with(r.method, r.identifier);
    answer.counts_for_country := NOT has_proved(holder, r.method);
  END IF;

  done := r.method || ' ' || CASE
    WHEN r.identifier IS NULL THEN 'removed'
    WHEN now_mine IS NULL THEN 'added'
    WHEN now_mine <> r.identifier THEN 'changed'
    WHEN NOT is_mine_proven THEN 'proved'
    ELSE 'proved again' END;
  -- Told is the old identifier, or of a first one the other method's: never the new one, which may be a thief's.
  answer.told_to := CASE
    WHEN now_mine = r.identifier THEN NULL
    WHEN is_mine_proven THEN now_mine
    WHEN is_other_proven AND r.identifier IS NOT NULL THEN CASE r.method WHEN 'phone' THEN me.email ELSE me.phone END END;
  answer.locale := me.locale;

  IF NOT give_identifier(me.id, r.method, r.identifier) THEN
    answer.outcome := 'taken';
    PERFORM write_event('authn_login_fail', me.id, r.identifier_hash, r.network, r.request_id, 'change_identifier, already registered');
    RETURN answer;
  END IF;
  SELECT * INTO me FROM users u WHERE u.id = r.user_id;
  IF r.identifier IS DISTINCT FROM now_mine THEN PERFORM count_up(ARRAY[changes_key], 86400); END IF;
  IF is_mine_proven AND r.identifier IS DISTINCT FROM now_mine THEN
    PERFORM end_what_rests_on(me.id, r.session_id, now_mine);
  END IF;
  PERFORM write_event('user_updated', me.id, r.identifier_hash, r.network, r.request_id, done);

  answer.outcome := 'changed';
  answer.id := me.id;
  answer.user_name := me.user_name;
  answer.phone := me.phone;
  answer.email := me.email;
  answer.role := me.role;
  answer.created_at := me.created_at;
  answer.updated_at := me.updated_at;
  RETURN answer;
END $$;

-- Many at once: see sign_up_batch. In the order of the identifiers that they ask for; a circle of two who want each other's is cut by the
-- limit on waiting for a lock, and both are asked again.
CREATE FUNCTION change_identifier_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF change_identifier_result LANGUAGE plpgsql AS $$
DECLARE
  s change_identifier_settings := json_populate_record(NULL::change_identifier_settings, settings);
  started timestamptz := clock_timestamp();
  asked change_identifier_request[];
  place_of int[];
  address_keys text[];
  places_of_addresses int[];
  answers change_identifier_result[];
  wrong int[] := '{}';
  counted record;
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY r.identifier COLLATE "C", r.user_id, e.n), array_agg(e.n ORDER BY r.identifier COLLATE "C", r.user_id, e.n)
    INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::change_identifier_request, e.request) AS r;
  FOR n IN 1 .. cardinality(asked) LOOP
    address_keys[n] := CASE WHEN asked[n].identifier IS NOT NULL AND NOT is_repeated THEN asked[n].address_key END;
  END LOOP;
  places_of_addresses := count_places(address_keys, 600);

  FOR n IN 1 .. cardinality(asked) LOOP
    IF is_alone THEN
      answers[n] := change_identifier(asked[n], s, places_of_addresses[n]);
    ELSIF clock_timestamp() > started + interval '250 ms' AND coalesce(places_of_addresses[n] <= s.max_per_address, true) THEN
      answers[n].outcome := 'again';
    ELSE
      BEGIN
        answers[n] := change_identifier(asked[n], s, places_of_addresses[n]);
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
  PERFORM count_up(ARRAY(
    SELECT asked[n].country_key FROM generate_subscripts(answers, 1) AS n WHERE answers[n].counts_for_country
  ), 300, s.shard);
  PERFORM count_notices(ARRAY(SELECT a.told_to FROM unnest(answers) AS a WHERE a.outcome = 'changed'), s.shard);
  RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END $$;
