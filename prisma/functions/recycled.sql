-- Whoever has an identifier today asks for an account of their own, without the one that it leads to (RECYCLE_AFTER).

CREATE TYPE new_account_outcome AS ENUM ('asked', 'no_proof', 'too_many');

-- With the ticket of a sign-in that asked for the other identifier too. The ticket is used up, whatever comes of it.
-- @return told_to, told_in who hears of it and in which language; null where it has been asked before
CREATE FUNCTION ask_for_new_account(
  p_token_hash bytea, p_network text, p_request_id uuid, p_max_told int, p_shard int,
  OUT outcome new_account_outcome, OUT retry_after int, OUT told_to text, OUT told_in text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  ticket recycle_tickets;
  method text;
BEGIN
  PERFORM begin_batch(true);
  -- The user is locked before the ticket, as signing in does.
  SELECT u.* INTO person FROM users u JOIN recycle_tickets t ON t.user_id = u.id WHERE t.token_hash = p_token_hash FOR NO KEY UPDATE OF u;
  DELETE FROM recycle_tickets t WHERE t.token_hash = p_token_hash AND t.user_id = person.id AND t.expires_at > clock_timestamp()
  RETURNING t.* INTO ticket;
  method := CASE ticket.identifier WHEN person.phone THEN 'phone' WHEN person.email THEN 'email' END;
  -- Whoever used it since is its owner, and in no need of another account.
  IF method IS NULL OR person.disabled_at IS NOT NULL OR last_use(person, method) >= ticket.created_at
    OR NOT (has_proved(person, 'phone') AND has_proved(person, 'email')) THEN
    outcome := 'no_proof';
    PERFORM write_event('authn_login_fail', person.id, NULL, p_network, p_request_id, 'no proof, new account');
    RETURN;
  END IF;

  -- Asked again while the time runs: it goes on. One of two identifiers at a time.
  retry_after := seconds_to_leave(person, person.leaving);
  IF retry_after IS NOT NULL THEN
    outcome := CASE WHEN person.leaving = ticket.identifier THEN 'asked' ELSE 'too_many' END::new_account_outcome;
    RETURN;
  END IF;
  -- Each time the other identifier is told, and a message costs.
  IF (SELECT c.total FROM count_up(ARRAY['told:leaving:' || person.id], 86400) AS c) > p_max_told THEN
    outcome := 'too_many';
    retry_after := window_left(86400);
    RETURN;
  END IF;
  UPDATE users u SET leaving = ticket.identifier, leaving_since = now() WHERE u.id = person.id;
  outcome := 'asked';
  retry_after := extract(epoch FROM time_to_leave());
  told_to := CASE method WHEN 'phone' THEN person.email ELSE person.phone END;
  told_in := person.locale;
  PERFORM write_event('user_updated', person.id, NULL, p_network, p_request_id, method || ' is leaving');
  PERFORM count_notices(ARRAY[told_to], p_shard);
END $$;

-- Takes identifiers off whose time is over, of so many accounts at most, and forgets what came to nothing. Safe to run on many replicas at
-- once. Says of how many.
CREATE FUNCTION let_recycled_leave(p_most int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  person users;
  looked_at int := 0;
BEGIN
  FOR person IN
    SELECT u.* FROM users u WHERE u.leaving_since <= now() - time_to_leave() ORDER BY u.leaving_since LIMIT p_most FOR UPDATE SKIP LOCKED
  LOOP
    looked_at := looked_at + 1;
    IF is_to_leave(person, person.leaving) THEN
      PERFORM let_leave(person);
      PERFORM write_event('user_updated', person.id, NULL, NULL, NULL, CASE person.leaving WHEN person.phone THEN 'phone' ELSE 'email' END || ' removed, recycled');
    ELSE
      UPDATE users u SET leaving = NULL, leaving_since = NULL WHERE u.id = person.id;
    END IF;
  END LOOP;
  RETURN looked_at;
END $$;
