-- Sending a code: send_code() decides about one request, send_codes() reads and writes for many what it decides by. No message goes out from
-- here: the answer says whether one is to, and what becomes of it is told later (give_back_send).

CREATE TYPE send_outcome AS ENUM (
  'sent',                                           -- the row holds a code (or its traces, where none may be told from one)
  'too_soon',                                       -- the identifier's own limits: cooldown, sends of the hour and day, wrong attempts
  'unknown',                                        -- nobody has the identifier, and whoever asked wanted to hear that
  'opted_out',                                      -- its owner wants no messages of ours
  'refused_before',                                 -- so many messages to it were refused that none is tried in this hour
  'by_address',                                     -- the client's address has had its share
  'by_block', 'by_budget', 'by_mailbox', 'by_country',   -- what many share; a solved challenge opens these
  'by_challenge',                                   -- a challenge is asked of everybody here, whatever is left of anything
  'again'                                           -- nothing was done: to be asked alone
);

CREATE TYPE send_code_request AS (
  method text, identifier text, purpose otp_purpose,
  user_id uuid,                                     -- who asks, of step_up and change_identifier; null for sign_in
  only_known boolean,                               -- whoever asks wants no code for an identifier that nobody has
  challenge text,                                   -- that whoever asks has solved (contract §10), for it to be spent; null for none
  needs_challenge boolean,                          -- nobody is sent anything at this identifier without one
  code_id uuid, code_hash bytea, code_seed bytea,   -- of the code to put there, unless the one that is there goes on
  test_ends_at timestamptz,                         -- of a fixed code of TEST_OTPS, which is not sent; null for all others
  device_hash bytea,
  address_key text, block_key text, unknown_key text,   -- what is counted of the client's address and of its neighbours
  mailbox_key text, domain_key text,                -- what mail is counted by: the mailbox without its plus part, the domain
  country text,
  network text, request_id uuid, identifier_hash bytea
);

CREATE TYPE send_code_settings AS (
  ttl int, cooldown int, max_attempts int, max_per_hour int, max_per_day int, max_trusted_per_day int, max_failures int,
  max_per_address int, max_per_block int, max_unknown_per_address int, max_refusals_per_hour int,
  max_per_mailbox int, max_per_domain int, is_strict boolean,
  has_challenges boolean, asks_always boolean,      -- whether there are any, and whether every stranger is asked one
  budgets text[], budget_set_aside int[], budget_retry int[],   -- what this call may send of each budget (take_leases), and when there is more
  breaker_min_sends int, breaker_min_verified float8, closed_for int, tenth_key bytea, shard int
);

CREATE TYPE send_code_result AS (
  place int, outcome send_outcome, retry_after int,
  refusal text,                                     -- the limit that refused it, for the trail
  event text, event_detail text,                    -- what else is written into the trail
  may_be_solved boolean,                            -- it is refused, and would not be with a solved challenge
  is_hidden boolean,                                -- nobody may see from outside what became of it
  is_paid boolean,                                  -- a message may go out
  budget text,                                      -- that the message came out of; null where it cost nothing
  counts_as_number boolean,                         -- by this send the identifier counted as a number, which it does once an hour
  is_from_reserve boolean,                          -- it was one of those that trusted devices have on top
  has_closed_country boolean,                       -- it was this request that closed its country to new numbers
  has_open_country boolean,                         -- its country was found open: the rest of the call need not look again
  is_known boolean,                                 -- somebody verified the identifier before
  user_id uuid, locale text,                        -- of whoever reads the message, as far as is known
  lane text, shard int, counted_at timestamptz,     -- by which what it was counted on is found again
  code_seed bytea, code_hash bytea, expires_in int, resend_after int, attempts_allowed int
);

-- Puts the code into its row, or keeps the live one there: the lasting part of a send.
-- A code that goes on keeps the attempts made at it, and wrong ones stay counted in any case: a new code does not reset them
-- (NIST SP 800-63B-4 §3.1.3.2). A row without a code goes on like one with a code, so that nothing tells them apart.
-- @param code the row as it is; null where there is none
CREATE FUNCTION put_code(r send_code_request, s send_code_settings, p_lane text, INOUT code otps, p_has_code boolean, at timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  is_fixed CONSTANT boolean := r.test_ends_at IS NOT NULL;   -- costs nothing and waits for nothing; attempts at it are limited like all others
  is_new CONSTANT boolean := code.identifier IS NULL;
  goes_on boolean := false;
  last_end timestamptz;
BEGIN
  IF is_new THEN
    code.identifier := r.identifier;
    code.purpose := r.purpose;
    code.lane := p_lane;
    code.resend_at := at;
    code.send_streak := 0;
    code.hour_started_at := at;
    code.day_started_at := at;
  END IF;
  IF code.failures_started_at IS NULL OR code.failures_started_at <= at - interval '24 hours' THEN
    code.failures := 0;
    code.failures_started_at := NULL;
  END IF;

  -- After a success, or after an hour, a send begins a new sign-in: it is no resend, and the cooldown starts anew.
  IF NOT is_fixed THEN
    code.send_streak := CASE
      WHEN code.consumed_at IS NOT NULL OR code.hour_started_at <= at - interval '1 hour' THEN 1
      ELSE least(code.send_streak + 1, 10) END;
    code.resend_at := at + make_interval(secs => least(greatest(300, s.cooldown), s.cooldown * power(2, code.send_streak - 1)));
    IF code.hour_started_at <= at - interval '1 hour' THEN code.hour_started_at := at; END IF;
    IF code.day_started_at <= at - interval '24 hours' THEN code.day_started_at := at; END IF;
  END IF;

  -- The live code is sent again, so that a late message is as good as the last one (docs/decisions/0010): but never past ten minutes
  -- after it was made (NIST SP 800-63B-4 §3.1.3.2), and not where less than half of its time would be left.
  IF NOT is_new THEN
    last_end := code.code_made_at + make_interval(secs => least(600, 2 * s.ttl));
    goes_on := code.consumed_at IS NULL AND code.expires_at > at AND code.attempts < s.max_attempts
      AND CASE WHEN is_fixed THEN code.is_test ELSE coalesce(last_end >= at + make_interval(secs => s.ttl / 2.0), false) END;
  END IF;
  code.code_id := r.code_id;
  IF NOT goes_on OR is_fixed OR code.code_hash IS NULL THEN
    code.code_hash := CASE WHEN p_has_code THEN r.code_hash END;
    code.code_seed := r.code_seed;
  END IF;
  IF goes_on AND NOT is_fixed THEN
    code.code_sends := code.code_sends + 1;
    code.expires_at := least(at + make_interval(secs => s.ttl), last_end);
  ELSE
    code.code_made_at := CASE WHEN NOT is_fixed THEN at END;
    code.code_sends := 1;
    code.expires_at := least(at + make_interval(secs => s.ttl), r.test_ends_at);
  END IF;
  IF NOT goes_on THEN code.attempts := 0; END IF;
  code.is_test := is_fixed;
  code.consumed_at := NULL;
END $$;

-- When the code's own limits allow a send: its cooldown, and the wrong attempts at all codes of the row.
CREATE FUNCTION code_allowed_at(code otps, s send_code_settings, is_fixed boolean) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT greatest(
    CASE WHEN code.failures >= s.max_failures THEN code.failures_started_at + interval '24 hours' END,
    CASE WHEN NOT is_fixed AND code.consumed_at IS NULL THEN code.resend_at END)
$$;

-- Whole seconds; 0 where the moment is over, or there is none.
CREATE FUNCTION seconds_until(p_moment timestamptz, p_at timestamptz) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(greatest(0, ceil(extract(epoch FROM p_moment - p_at)))::int, 0)
$$;

CREATE TYPE send_cost AS (
  outcome send_outcome, retry_after int,            -- why it may not go out, and until when; null where it may
  budget text,                                      -- that it comes out of; null where it costs nothing
  has_closed boolean, has_open boolean              -- see send_code_result
);

-- What an SMS or mail may not be sent for: see send_outcome. Trusted devices of the owner have a budget of their own, beside that of
-- identifiers that somebody verified before: nobody who makes identifiers up can use up either, and no country is closed to them.
-- @param p_kind trusted, known or new
-- @param p_counts_as_number it would count the identifier as a number, which it does once an hour
-- @param p_left_of_budgets what this call has left of each budget
-- @param p_spent the keys of mailboxes and domains that the same call has sent to, and countries that it has found open
CREATE FUNCTION cost_refusal(
  r send_code_request, s send_code_settings, is_solved boolean, p_kind text, p_counts_as_number boolean, p_left_of_budgets int[], p_spent text[]
) RETURNS send_cost LANGUAGE plpgsql AS $$
DECLARE
  cost send_cost;
  candidate text;
  place int;
BEGIN
  cost.has_closed := false;
  cost.has_open := false;
  -- Each message to a new identifier counts; others count as a number, once in an hour, and cost nothing in between.
  IF p_kind = 'new' OR p_counts_as_number THEN
    cost.outcome := 'by_budget';
    FOREACH candidate IN ARRAY CASE
      WHEN p_kind = 'trusted' THEN ARRAY['trusted', 'known'] || CASE WHEN is_solved THEN ARRAY['known:solved'] END
      WHEN is_solved THEN ARRAY[p_kind, p_kind || ':solved']
      ELSE ARRAY[p_kind] END
    LOOP
      cost.budget := CASE r.method WHEN 'phone' THEN 'sms:' ELSE 'mail:' END || candidate;
      place := array_position(s.budgets, cost.budget);
      IF place IS NULL THEN RAISE 'there is no budget %', cost.budget; END IF;
      -- What this call had of it went to the requests before this one; else there is none in any replica.
      cost.outcome := CASE WHEN p_left_of_budgets[place] > 0 THEN NULL WHEN s.budget_set_aside[place] > 0 THEN 'again' ELSE 'by_budget' END;
      EXIT WHEN cost.outcome IS DISTINCT FROM 'by_budget';
      cost.retry_after := s.budget_retry[place];
    END LOOP;
    IF cost.outcome IS NOT NULL THEN RETURN cost; END IF;
    cost.retry_after := NULL;
  END IF;
  IF p_kind = 'trusted' OR is_solved THEN RETURN cost; END IF;

  IF r.method = 'email' THEN
    IF count_of(r.mailbox_key, 86400) + cardinality(array_positions(p_spent, r.mailbox_key)) >= s.max_per_mailbox THEN
      cost.outcome := 'by_mailbox';
      cost.retry_after := window_left(86400);
    ELSIF p_kind = 'new' AND count_of(r.domain_key, 3600) + cardinality(array_positions(p_spent, r.domain_key)) >= s.max_per_domain THEN
      cost.outcome := 'by_budget';
      cost.retry_after := window_left(3600);
    END IF;
  ELSIF p_kind = 'new' AND NOT r.country = ANY(p_spent) THEN
    SELECT b.retry_after, b.has_closed INTO cost.retry_after, cost.has_closed
    FROM country_block(r.country, s.breaker_min_sends, s.breaker_min_verified, s.closed_for) AS b;
    cost.has_open := cost.retry_after IS NULL;
    IF NOT cost.has_open AND NOT is_of_the_tenth(r.identifier, s.tenth_key) THEN cost.outcome := 'by_country'; END IF;
  END IF;
  RETURN cost;
END $$;

-- @param place_of_address the place of this request in its address's window, 1 for the first one; null on a trusted device
-- @param is_solved a challenge of this send was solved, and not spent before
-- @param has_opted_out whoever has the identifier has said STOP to our messages
-- @param sent_by_block what its neighbours have had in this hour, before this call
-- @param account who has the identifier, whether they have proved it or not; null for nobody
-- @param code, limits the locked rows of the identifier, null where it was never sent anything; as they are to be, where the outcome is `sent`
-- @param at the clock after the wait for the locks
-- @param p_left_of_budgets what this call has left of each budget
-- @param p_spent the keys of neighbours, mailboxes and domains that the same call counts at its end, and countries that it has found open
CREATE FUNCTION send_code(
  r send_code_request, s send_code_settings, is_solved boolean, has_opted_out boolean, device uuid, place_of_address int, sent_by_block bigint, account users,
  INOUT code otps, INOUT limits identifier_limits, at timestamptz, p_left_of_budgets int[], p_spent text[], OUT answer send_code_result
) LANGUAGE plpgsql AS $$
DECLARE
  unknown_of_address bigint := 0;
  cost send_cost;
  is_refused boolean;                               -- nothing may go out
  has_code boolean;
  allowed_at timestamptz;
  is_fixed CONSTANT boolean := r.test_ends_at IS NOT NULL;
  is_stranger CONSTANT boolean := device IS NULL AND NOT is_solved;   -- has neither signed in there before nor proved work
BEGIN
  answer.lane := coalesce(device::text, '');
  answer.may_be_solved := false;
  answer.is_hidden := false;
  answer.is_paid := false;
  answer.counts_as_number := false;
  answer.is_from_reserve := false;
  answer.has_closed_country := false;
  answer.shard := s.shard;
  answer.counted_at := now();

  -- Whom the identifier leads in: its owner, or an account that waits for one. Who reads the message is whoever asks, if they are signed in.
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
    answer.refusal := 'address';
    RETURN;
  END IF;
  IF NOT is_fixed AND (is_stranger AND s.asks_always OR r.needs_challenge AND NOT is_solved) THEN
    answer.outcome := 'by_challenge';
    answer.may_be_solved := true;
    RETURN;
  END IF;
  IF is_stranger AND sent_by_block + cardinality(array_positions(p_spent, r.block_key)) >= s.max_per_block THEN
    answer.outcome := 'by_block';
    answer.may_be_solved := s.has_challenges;
    answer.retry_after := window_left(3600);
    answer.refusal := 'block';
    RETURN;
  END IF;

  -- Whoever asks for numbers that nobody has learns nothing more after a while: an unknown one is answered like a known one. In strict mode
  -- nobody learns anything, whatever they ask for, but the owner of a trusted device, and whoever asks for what is theirs.
  IF r.only_known AND device IS NULL THEN
    IF account.id IS NULL THEN
      SELECT c.total INTO unknown_of_address FROM count_up(ARRAY[r.unknown_key], 3600) AS c;
    ELSE
      unknown_of_address := count_of(r.unknown_key, 3600);
    END IF;
  END IF;
  answer.is_hidden := s.is_strict AND device IS NULL AND r.purpose <> 'step_up'
    OR r.only_known AND unknown_of_address > s.max_unknown_per_address;
  IF r.only_known AND account.id IS NULL AND NOT answer.is_hidden THEN
    answer.outcome := 'unknown';
    answer.event := 'authn_login_fail';
    answer.event_detail := 'unknown account' || suffix_of(r);
    RETURN;
  END IF;
  has_code := NOT r.only_known OR account.id IS NOT NULL;

  -- A message that was refused gives back what it counted: without a bound, a number that every gateway refuses could be asked for
  -- without end.
  limits := renew_windows(limits, at);
  is_refused := coalesce(limits.refused_sends >= s.max_refusals_per_hour, false);
  IF is_refused AND NOT answer.is_hidden THEN
    answer.outcome := 'refused_before';
    answer.retry_after := seconds_until(limits.refused_started_at + interval '1 hour', at);
    answer.refusal := 'refusals';
    RETURN;
  END IF;

  -- In strict mode a challenge must not tell who has an account: it is asked of everybody as of somebody new, and as of somebody known.
  IF s.is_strict AND s.has_challenges AND is_stranger AND NOT is_fixed AND r.purpose <> 'step_up' THEN
    cost := cost_refusal(r, s, false, 'new', true, p_left_of_budgets, p_spent);
    answer.has_closed_country := cost.has_closed;
    IF cost.outcome IS NULL THEN cost := cost_refusal(r, s, false, 'known', true, p_left_of_budgets, p_spent); END IF;
    IF cost.outcome IS NOT NULL THEN
      answer.outcome := cost.outcome;
      answer.may_be_solved := cost.outcome <> 'again';
      IF answer.may_be_solved THEN answer.refusal := substr(cost.outcome::text, 4); END IF;
      RETURN;
    END IF;
  END IF;

  -- Whoever said STOP gets nothing for a day, and nobody is asked to try: it costs nothing.
  IF has_opted_out AND has_code AND NOT is_fixed THEN
    IF NOT answer.is_hidden THEN
      answer.outcome := 'opted_out';
      RETURN;
    END IF;
    is_refused := true;
  END IF;

  -- What costs money has budgets. Where nobody may see what became of it, nothing goes out, and the answer is as always.
  IF has_code AND NOT is_fixed THEN
    answer.counts_as_number := limits.counted_at IS NULL;
    cost := cost_refusal(r, s, is_solved, CASE WHEN device IS NOT NULL THEN 'trusted' WHEN answer.is_known THEN 'known' ELSE 'new' END,
      answer.counts_as_number, p_left_of_budgets, p_spent);
    answer.has_closed_country := answer.has_closed_country OR cost.has_closed;
    answer.has_open_country := cost.has_open;
    is_refused := is_refused OR cost.outcome IS NOT NULL;
    IF cost.outcome IS NOT NULL AND (cost.outcome = 'again' OR NOT answer.is_hidden) THEN
      answer.outcome := cost.outcome;
      answer.retry_after := cost.retry_after;
      IF cost.outcome <> 'again' THEN
        answer.refusal := substr(cost.outcome::text, 4);
        answer.may_be_solved := s.has_challenges AND is_stranger;
      END IF;
      RETURN;
    END IF;
  END IF;

  -- Wrong attempts and the cooldown are the code's own; sends are counted over all codes of the identifier.
  IF NOT is_fixed THEN
    allowed_at := sends_allowed_at(limits, s.max_per_hour, s.max_per_day, s.max_trusted_per_day, device IS NOT NULL);
  END IF;
  answer.retry_after := seconds_until(greatest(code_allowed_at(code, s, is_fixed), allowed_at), at);
  IF answer.retry_after > 0 THEN
    answer.outcome := 'too_soon';
    answer.refusal := 'identifier';
    RETURN;
  END IF;

  answer.outcome := 'sent';
  answer.retry_after := NULL;
  answer.is_paid := has_code AND NOT is_refused AND NOT is_fixed;
  answer.counts_as_number := answer.counts_as_number AND answer.is_paid;
  IF answer.is_paid THEN answer.budget := cost.budget; END IF;
  code := put_code(r, s, answer.lane, code, has_code, at);
  IF NOT is_fixed THEN
    answer.is_from_reserve := coalesce(is_used_up(limits, s.max_per_hour, s.max_per_day), false);
    limits := count_send(r.identifier, limits, answer.is_from_reserve, CASE WHEN answer.counts_as_number THEN r.code_id END, at);
    -- As it is after this one, for the client's countdown.
    allowed_at := sends_allowed_at(limits, s.max_per_hour, s.max_per_day, s.max_trusted_per_day, device IS NOT NULL);
  END IF;
  answer.code_seed := code.code_seed;
  answer.code_hash := code.code_hash;
  answer.expires_in := floor(extract(epoch FROM code.expires_at - at));
  answer.resend_after := seconds_until(greatest(code_allowed_at(code, s, is_fixed), allowed_at), at);
  answer.attempts_allowed := least(s.max_attempts - code.attempts, s.max_failures - code.failures);
  answer.event := 'authn_token_created';
  answer.event_detail := 'otp ' || CASE r.method WHEN 'phone' THEN 'sms' ELSE 'email' END || suffix_of(r);
END $$;

-- What an event says of the purpose.
CREATE FUNCTION suffix_of(r send_code_request) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN r.test_ends_at IS NOT NULL THEN ', test identity' WHEN r.purpose <> 'sign_in' THEN ', ' || r.purpose ELSE '' END
$$;

-- Writes what was refused into the trail: one event an hour for each address and limit, of
-- neighbours one for all of them (a /48 has 65,536 addresses), or whoever floods us fills it.
CREATE FUNCTION write_refusals(asked send_code_request[], answers send_code_result[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  told CONSTANT text[] := ARRAY(
    SELECT 'told:' || answers[n].refusal || substr(k.key, strpos(k.key, ':'))
    FROM generate_subscripts(answers, 1) AS n,
      LATERAL (SELECT CASE answers[n].refusal WHEN 'block' THEN asked[n].block_key ELSE asked[n].address_key END) AS k (key)
    ORDER BY n);
BEGIN
  IF array_remove(told, NULL) = '{}' THEN RETURN; END IF;
  INSERT INTO auth_events (event, user_id, identifier_hash, network, request_id, detail)
  SELECT 'excess_rate_limit_exceeded', answers[f.n].user_id, asked[f.n].identifier_hash, asked[f.n].network, asked[f.n].request_id,
    'send: ' || answers[f.n].refusal || suffix_of(asked[f.n])
  FROM count_up(told, 3600) AS c
  JOIN LATERAL (SELECT min(n) AS n FROM generate_subscripts(told, 1) AS n WHERE told[n] = c.counted_key) AS f ON c.total = c.added;
END $$;

CREATE TYPE shared_keys AS (block text, mailbox text, domain text, country text);

-- What a send counts on beside its identifier and its address: its neighbours, its mailbox, its domain, its country; null where it does not.
-- What an address is refused counts on none of its neighbours, and what an owner is sent on nothing that strangers use up.
CREATE FUNCTION counted_on(r send_code_request, answer send_code_result) RETURNS shared_keys LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  keys shared_keys;
BEGIN
  IF answer.lane = '' AND answer.outcome NOT IN ('by_address', 'by_block') THEN keys.block := r.block_key; END IF;
  IF answer.is_paid AND answer.lane = '' THEN
    keys.mailbox := r.mailbox_key;
    IF NOT answer.is_known THEN keys.domain := r.domain_key; END IF;
  END IF;
  IF answer.is_paid AND answer.counts_as_number AND NOT answer.is_known THEN keys.country := 'country_sent:' || r.country; END IF;
  RETURN keys;
END $$;

-- Sends for many at once: reads what send_code() decides by, asks it for each, and writes what it says. The requests are sorted by identifier
-- (COLLATE "C"), the order in which everybody locks and writes them. Asked again is a second one of the same identifier, and one whose row
-- somebody else holds: the others do not wait for it.
CREATE FUNCTION send_codes(asked send_code_request[], s send_code_settings, devices uuid[], places_of_addresses int[], is_alone boolean)
RETURNS send_code_result[] LANGUAGE plpgsql AS $$
DECLARE
  methods text[];
  identifiers text[];
  within text[];                                    -- those that their address may still send to
  purposes otp_purpose[];
  lanes text[];
  block_keys text[];
  sent_by_blocks bigint[];
  accounts users[];
  kept record;
  live record;
  at timestamptz;
  opted_out bytea[];                                -- digests of identifiers whose owners want no messages
  challenges text[];                                -- that were solved
  used text[] := '{}';                              -- those of them that were spent before
  solved boolean;
  decided record;
  counts shared_keys;
  answers send_code_result[];
  new_limits identifier_limits[] := '{}';
  new_codes otps[] := '{}';
  saved text[];
  left_of_budgets int[] := s.budget_set_aside;
  place int;
  spent text[] := '{}';
BEGIN
  SELECT array_agg(q.method), array_agg(q.identifier),
      array_agg(CASE WHEN places_of_addresses[q.ordinality] > s.max_per_address THEN NULL ELSE q.identifier END),
      array_agg(q.purpose), array_agg(coalesce(devices[q.ordinality]::text, '')), array_agg(q.block_key),
      array_remove(array_agg(q.challenge), NULL)
    INTO methods, identifiers, within, purposes, lanes, block_keys, challenges
  FROM unnest(asked) WITH ORDINALITY AS q;

  sent_by_blocks := counts_of(block_keys, 3600);
  opted_out := those_opted_out(ARRAY(SELECT q.identifier_hash FROM unnest(asked) AS q WHERE q.method = 'phone'));
  -- Whoever has the identifier may be another one in the next moment, as if this had been asked a moment before.
  accounts := users_with(methods, identifiers);
  -- Who is over the limit of their address locks nothing, and waits for nothing.
  kept := lock_limits(within, is_alone);
  live := lock_codes(within, purposes, lanes, is_alone);
  at := clock_timestamp();
  -- Each is for one identifier: who sent the same one before has let go of its row by now, and that it was spent is seen.
  IF challenges <> '{}' THEN used := ARRAY(SELECT c.name FROM spent_challenges c WHERE c.name = ANY (challenges)); END IF;
  FOR n IN 1 .. cardinality(asked) LOOP
    IF kept.are_held[n] OR live.are_held[n] OR asked[n].identifier = asked[n - 1].identifier THEN
      answers[n].outcome := 'again';
      CONTINUE;
    END IF;
    solved := asked[n].challenge IS NOT NULL AND NOT asked[n].challenge = ANY (used);
    decided := send_code(asked[n], s, solved, asked[n].identifier_hash = ANY (opted_out), devices[n], places_of_addresses[n], sent_by_blocks[n], accounts[n], live.codes[n], kept.limits[n], at, left_of_budgets, spent);
    answers[n] := decided.answer;
    counts := counted_on(asked[n], answers[n]);
    spent := spent || array_remove(
      ARRAY[counts.block, counts.mailbox, counts.domain, CASE WHEN answers[n].has_open_country THEN asked[n].country END], NULL);
    place := array_position(s.budgets, answers[n].budget);
    IF place IS NOT NULL THEN left_of_budgets[place] := left_of_budgets[place] - 1; END IF;
    IF answers[n].outcome = 'sent' THEN
      new_codes := new_codes || decided.code;
      IF asked[n].test_ends_at IS NULL THEN new_limits := new_limits || decided.limits; END IF;
    END IF;
  END LOOP;

  -- Of one that somebody else has sent something to since it was looked for, nothing is written, and it is asked again.
  IF new_limits <> '{}' THEN
    saved := save_limits(new_limits, kept.limits);
    IF cardinality(saved) < cardinality(new_limits) THEN
      new_codes := ARRAY(SELECT c FROM unnest(new_codes) AS c WHERE c.is_test OR c.identifier = ANY (saved));
    END IF;
  END IF;
  IF new_codes <> '{}' THEN saved := save_codes(new_codes, live.codes); END IF;
  FOR n IN 1 .. cardinality(asked) LOOP
    IF answers[n].outcome = 'sent' AND (identifiers[n] = ANY (saved)) IS NOT TRUE THEN
      answers[n] := NULL;
      answers[n].outcome := 'again';
    END IF;
  END LOOP;
  IF challenges <> '{}' THEN
    INSERT INTO spent_challenges (name, expires_at)
    SELECT asked[n].challenge, now() + interval '10 minutes' FROM generate_subscripts(asked, 1) AS n
    WHERE asked[n].challenge IS NOT NULL AND answers[n].outcome = 'sent'
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN answers;
END $$;

-- Many at once, what came together while the call before it was on its way. Where PostgreSQL refuses one of them, or a row that comes
-- meanwhile keeps it waiting for more than 100 ms, nothing of the call is done, and each is asked alone.
CREATE FUNCTION send_code_batch(requests json, settings json, is_alone boolean, is_repeated boolean)
RETURNS SETOF send_code_result LANGUAGE plpgsql AS $$
DECLARE
  s send_code_settings := json_populate_record(NULL::send_code_settings, settings);
  asked send_code_request[];
  place_of int[];
  devices uuid[];
  address_keys text[];
  places_of_addresses int[];
  answers send_code_result[];
  counts shared_keys;
  counters shared_counter[] := '{}';
  has_refusals boolean := false;
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
    -- What is asked again has been counted before.
    address_keys[n] := CASE WHEN devices[n] IS NULL AND NOT is_repeated THEN asked[n].address_key END;
  END LOOP;
  places_of_addresses := count_places(address_keys, 3600);

  LOOP
    answers := send_codes(asked, s, devices, places_of_addresses, is_alone);
    -- Who is asked alone waits for a row, but somebody may send the first code to the identifier in between.
    EXIT WHEN NOT is_alone OR answers[1].outcome <> 'again';
  END LOOP;

  INSERT INTO auth_events (event, user_id, identifier_hash, network, request_id, detail)
  SELECT answers[n].event, answers[n].user_id, asked[n].identifier_hash, asked[n].network, asked[n].request_id, answers[n].event_detail
  FROM generate_subscripts(answers, 1) AS n WHERE answers[n].event IS NOT NULL;
  FOR n IN 1 .. cardinality(asked) LOOP
    answers[n].place := place_of[n];
    counts := counted_on(asked[n], answers[n]);
    counters := counters || ARRAY[
      (counts.block, 3600, s.shard), (counts.mailbox, 86400, 0), (counts.domain, 3600, s.shard), (counts.country, 300, s.shard)]::shared_counter[];
    has_refusals := has_refusals OR answers[n].refusal IS NOT NULL;
  END LOOP;
  IF has_refusals THEN PERFORM write_refusals(asked, answers); END IF;
  -- What everybody counts comes last, so that nobody waits for it while something is decided.
  PERFORM count_up_all(counters);
  RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END $$;

-- Takes back a send whose message was definitely refused, so that it costs nobody anything: cooldown and counts of the identifier as
-- before it, the counts of mailbox, domain and country in the windows of the moment when they were counted, which may be over. The code
-- stays where an earlier message carries the same one. Once: the send is forgotten, and a second report on it finds nothing.
-- Where nobody may see how it went (`is_hidden`), the identifier keeps its counts, and only what all share is given back.
-- Says whether its budget is to have it back too, which the replica has in memory.
CREATE FUNCTION give_back_send(
  p_identifier text, p_purpose otp_purpose, p_code_id uuid, p_is_hidden boolean, p_is_from_reserve boolean,
  p_mailbox_key text, p_domain_key text, p_country text, p_shard int, p_counted_at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  limits identifier_limits;
  was_number boolean;
BEGIN
  -- In the order in which a send locks and counts.
  limits := renew_windows((lock_limits(ARRAY[p_identifier], true)).limits[1], clock_timestamp());
  IF p_is_hidden THEN
    was_number := uncount_number(limits, p_code_id);
  ELSE
    UPDATE otps o SET
      -- Another name of the same moment: which code was sent last goes by the time in it (UUIDv7).
      code_id = (left(o.code_id::text, 18) || right(gen_random_uuid()::text, 18))::uuid,
      code_hash = CASE WHEN o.code_sends > 1 THEN o.code_hash END,
      code_seed = CASE WHEN o.code_sends > 1 THEN o.code_seed END,
      code_made_at = CASE WHEN o.code_sends > 1 THEN o.code_made_at END,
      code_sends = greatest(o.code_sends - 1, 0),
      resend_at = now(),
      send_streak = greatest(o.send_streak - 1, 0)
    WHERE o.identifier = p_identifier AND o.purpose = p_purpose AND o.code_id = p_code_id AND o.consumed_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    was_number := uncount_send(limits, p_code_id, p_is_from_reserve, p_counted_at);
  END IF;
  -- By their keys, as count_up_all() does: `country_sent:`, `domain:`, `mailbox:`.
  IF was_number AND p_country IS NOT NULL THEN PERFORM count_down('country_sent:' || p_country, 300, p_shard, p_counted_at); END IF;
  IF p_domain_key IS NOT NULL THEN PERFORM count_down(p_domain_key, 3600, p_shard, p_counted_at); END IF;
  IF p_mailbox_key IS NOT NULL THEN PERFORM count_down(p_mailbox_key, 86400, 0, p_counted_at); END IF;
  RETURN true;
END $$;

-- Takes a new number off the count of its country, whose message a provider that is down may have taken: that says nothing about whether
-- people verify. What else it counted stays, since it may have gone out.
CREATE FUNCTION uncount_in_country(p_identifier text, p_code_id uuid, p_country text, p_shard int, p_counted_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF uncount_number(renew_windows((lock_limits(ARRAY[p_identifier], true)).limits[1], clock_timestamp()), p_code_id) THEN
    PERFORM count_down('country_sent:' || p_country, 300, p_shard, p_counted_at);
  END IF;
END $$;
