-- Identifiers that may have gone to somebody else (RECYCLE_AFTER): one that leaves its account, as whoever has it today asked for.

-- For so long the other identifier is waited for, which was told.
CREATE FUNCTION time_to_leave() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '72 hours' $$;

-- Whether the identifier is one that leaves the account. Proving either of the two since, or taking one off, ends that; an account that is
-- disabled keeps what it has, and a last identifier stays.
CREATE FUNCTION is_leaving(person users, p_identifier text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT person.leaving = p_identifier AND p_identifier IN (person.phone, person.email) AND person.disabled_at IS NULL
    AND person.phone_verified_at IS NOT NULL AND person.email_verified_at IS NOT NULL
    AND greatest(last_use(person, 'phone'), last_use(person, 'email')) < person.leaving_since
$$;

-- The same, and its time is over.
CREATE FUNCTION is_to_leave(person users, p_identifier text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT is_leaving(person, p_identifier) AND person.leaving_since <= now() - time_to_leave()
$$;

-- Whole seconds, at least 1, until it leaves; null where it does not.
CREATE FUNCTION seconds_to_leave(person users, p_identifier text) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN is_leaving(person, p_identifier)
    THEN greatest(1, ceil(extract(epoch FROM person.leaving_since + time_to_leave() - now())))::int END
$$;

-- Writes down that identifiers of users are in use, whose rows the caller has locked: nothing leaves an account whose owner is there.
-- @param p_uses 'phone', 'email' or 'both' of each; 'neither' for who showed a passkey, which proves none of them
CREATE FUNCTION note_uses(p_users uuid[], p_uses text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users u SET leaving = NULL, leaving_since = NULL,
    phone_used_at = CASE WHEN x.used IN ('phone', 'both') THEN now() ELSE u.phone_used_at END,
    email_used_at = CASE WHEN x.used IN ('email', 'both') THEN now() ELSE u.email_used_at END
  FROM unnest(p_users, p_uses) AS x (id, used) WHERE u.id = x.id;
END $$;

-- Takes it off the account, whose row the caller has locked: the account stays, with its other identifier and its sessions.
CREATE FUNCTION let_leave(person users) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users u SET updated_at = now(), leaving = NULL, leaving_since = NULL,
    phone = CASE WHEN u.phone = u.leaving THEN NULL ELSE u.phone END,
    phone_verified_at = CASE WHEN u.phone = u.leaving THEN NULL ELSE u.phone_verified_at END,
    email = CASE WHEN u.email = u.leaving THEN NULL ELSE u.email END,
    email_verified_at = CASE WHEN u.email = u.leaving THEN NULL ELSE u.email_verified_at END
  WHERE u.id = person.id;
END $$;
