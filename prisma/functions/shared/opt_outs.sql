-- Who wants no messages of ours (STOP). Kept for a day, among the counters, by the digest that events have: what a provider reports later
-- names no number. Then a message is tried again, in case they have changed their mind.

CREATE FUNCTION note_opt_out(p_identifier_hash bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO limit_counters (key, window_started_at, shard, expires_at)
  VALUES ('opted_out:' || encode(p_identifier_hash, 'hex'), date_trunc('second', now()), 0, now() + interval '24 hours')
  ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION those_opted_out(p_identifier_hashes bytea[]) RETURNS bytea[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN ARRAY(
    SELECT h FROM unnest(p_identifier_hashes) AS h
    WHERE EXISTS (SELECT FROM limit_counters c WHERE c.key = 'opted_out:' || encode(h, 'hex') AND c.expires_at > now()));
END $$;

CREATE FUNCTION has_opted_out(p_identifier_hash bytea) RETURNS boolean LANGUAGE sql AS $$
  SELECT cardinality(those_opted_out(ARRAY[p_identifier_hash])) > 0
$$;
