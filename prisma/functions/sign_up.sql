-- Signing up in the mobile flow: a ticket becomes a user with a home address and a session. All of it, or nothing.

CREATE TYPE sign_up_outcome AS ENUM ('signed_up', 'no_proof', 'already_registered',
  'ask',                     -- nothing was done: to be asked again once the product has said that the account may be made
  'again');

CREATE TYPE sign_up_request AS (
  ticket_hash bytea, phone text, user_id uuid, user_name text, name_key text, locale text,
  is_admitted boolean, public_metadata text,
  address_id uuid, house_number text, street_locality text, city text, state text, pincode text, country text,
  session_id uuid, client text, new_device_id uuid, new_device_hash bytea,
  network text, request_id uuid, identifier_hash bytea
);

CREATE TYPE sign_up_settings AS (session_ttl int, device_ttl int, max_devices int, asks_before_signup boolean);

CREATE TYPE sign_up_result AS (
  place int, outcome sign_up_outcome, is_new_device boolean,
  id uuid, user_name text, phone text, email text, role text, created_at timestamptz, updated_at timestamptz
);

CREATE FUNCTION sign_up(r sign_up_request, s sign_up_settings) RETURNS sign_up_result LANGUAGE plpgsql AS $$
DECLARE
  answer sign_up_result;
  person users;
  is_to_be_asked CONSTANT boolean := s.asks_before_signup AND r.is_admitted IS NOT TRUE;
BEGIN
  -- The product is asked of nobody who has not proved the number, and of no number that has an account.
  IF is_to_be_asked AND (user_with('phone', r.phone)).id IS NULL AND EXISTS (
    SELECT FROM signup_tickets t WHERE t.token_hash = r.ticket_hash AND t.phone = r.phone AND t.expires_at > clock_timestamp()) THEN
    answer.outcome := 'ask';
    RETURN answer;
  END IF;

  -- Used once, for the number that it was given for, also where the number has got an account meanwhile.
  DELETE FROM signup_tickets t WHERE t.token_hash = r.ticket_hash AND t.phone = r.phone AND t.expires_at > clock_timestamp();
  IF NOT FOUND THEN
    answer.outcome := 'no_proof';
    PERFORM write_event('authn_login_fail', NULL, r.identifier_hash, r.network, r.request_id, 'no proof');
    RETURN answer;
  END IF;

  -- An account that was there a moment ago may be deleted by now: nobody takes its place of whom the product was not asked.
  IF NOT is_to_be_asked THEN
    INSERT INTO users (id, phone, phone_verified_at, user_name, name_key, locale, public_metadata)
    VALUES (r.user_id, r.phone, now(), r.user_name, r.name_key, r.locale, coalesce(r.public_metadata::jsonb, '{}'))
    ON CONFLICT DO NOTHING RETURNING * INTO person;
  END IF;
  IF person.id IS NULL THEN
    answer.outcome := 'already_registered';
    PERFORM write_event('authn_login_fail', NULL, r.identifier_hash, r.network, r.request_id, 'already registered');
    RETURN answer;
  END IF;

  INSERT INTO addresses (id, user_id, type, house_number, street_locality, city, state, pincode, country, is_default)
  VALUES (r.address_id, person.id, 'Home', r.house_number, r.street_locality, r.city, r.state, r.pincode, r.country, true);
  PERFORM open_sessions(
    ARRAY[ROW(person.id, r.session_id, r.client, r.network, false, NULL, r.new_device_id, r.new_device_hash, false)::new_session],
    s.session_ttl, s.device_ttl, s.max_devices);
  answer.is_new_device := true;
  PERFORM write_event('user_created', person.id, r.identifier_hash, r.network, r.request_id);
  answer.outcome := 'signed_up';
  answer.id := person.id;
  answer.user_name := person.user_name;
  answer.phone := person.phone;
  answer.email := person.email;
  answer.role := person.role;
  answer.created_at := person.created_at;
  answer.updated_at := person.updated_at;
  RETURN answer;
END $$;

-- Many at once, each by itself, in the order of their numbers, which every replica keeps to. One that waits too long for a lock, or that
-- PostgreSQL refuses, is undone by itself and asked alone after the commit; so is what is left after 250 ms.
CREATE FUNCTION sign_up_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF sign_up_result LANGUAGE plpgsql AS $$
DECLARE
  s sign_up_settings := json_populate_record(NULL::sign_up_settings, settings);
  started timestamptz := clock_timestamp();
  asked sign_up_request[];
  place_of int[];
  answer sign_up_result;
BEGIN
  PERFORM begin_batch(is_alone);
  SELECT array_agg(r ORDER BY r.phone COLLATE "C", e.n), array_agg(e.n ORDER BY r.phone COLLATE "C", e.n) INTO asked, place_of
  FROM json_array_elements(requests) WITH ORDINALITY AS e (request, n),
    LATERAL json_populate_record(NULL::sign_up_request, e.request) AS r;
  FOR n IN 1 .. cardinality(asked) LOOP
    answer := NULL;
    IF is_alone THEN
      answer := sign_up(asked[n], s);
    ELSIF clock_timestamp() > started + interval '250 ms' THEN
      answer.outcome := 'again';
    ELSE
      BEGIN
        answer := sign_up(asked[n], s);
      EXCEPTION WHEN lock_not_available OR deadlock_detected OR data_exception OR integrity_constraint_violation THEN
        answer.outcome := 'again';
      END;
    END IF;
    answer.place := place_of[n];
    RETURN NEXT answer;
  END LOOP;
END $$;
