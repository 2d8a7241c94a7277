-- Who has an identifier, whether they have proved it or not; null for nobody. One query for each column, so that each goes by its index.
CREATE FUNCTION user_with(p_method text, p_identifier text) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  IF p_method = 'phone' THEN SELECT * INTO person FROM users u WHERE u.phone = p_identifier;
  ELSE SELECT * INTO person FROM users u WHERE u.email = p_identifier;
  END IF;
  RETURN person;
END $$;

-- The same for many, in the order of the arrays. Looked up one by one: LIMIT keeps the planner from joining all users instead.
CREATE FUNCTION users_with(p_methods text[], p_identifiers text[]) RETURNS users[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN ARRAY(
    SELECT coalesce(by_phone.person, by_email.person) FROM unnest(p_methods, p_identifiers) WITH ORDINALITY AS q (method, identifier, n)
    LEFT JOIN LATERAL (SELECT u AS person FROM users u WHERE q.method = 'phone' AND u.phone = q.identifier LIMIT 1) AS by_phone ON true
    LEFT JOIN LATERAL (SELECT u AS person FROM users u WHERE q.method = 'email' AND u.email = q.identifier LIMIT 1) AS by_email ON true
    ORDER BY q.n);
END $$;

-- The same, locked: in the order of their ids, so that two calls never wait for each other in a circle. Null also for one who has lost the
-- identifier while this waited for them.
-- @param p_waits, are_held see lock_codes()
CREATE FUNCTION lock_users_with(p_methods text[], p_identifiers text[], p_waits boolean, OUT people users[], OUT are_held boolean[])
LANGUAGE plpgsql AS $$
DECLARE
  found CONSTANT users[] := users_with(p_methods, p_identifiers);
BEGIN
  IF p_waits THEN
    are_held := '{f}';
    SELECT ARRAY[u] INTO people FROM users u WHERE u.id = (found[1]).id AND p_identifiers[1] IN (u.phone, u.email) FOR NO KEY UPDATE;
    RETURN;
  END IF;
  SELECT array_agg(mine.person ORDER BY q.n),
      array_agg(mine.person IS NULL AND EXISTS (
        SELECT FROM users u WHERE u.id = q.id AND q.identifier IN (u.phone, u.email)) ORDER BY q.n)
    INTO people, are_held
  FROM (
    SELECT x.identifier, x.n, (found[x.n]).id FROM unnest(p_identifiers) WITH ORDINALITY AS x (identifier, n) ORDER BY id
  ) AS q
  LEFT JOIN LATERAL (
    SELECT u AS person FROM users u WHERE u.id = q.id AND q.identifier IN (u.phone, u.email) FOR NO KEY UPDATE SKIP LOCKED
  ) AS mine ON true;
END $$;

-- Whether the user has proved the identifier of the method. Who owns an identifier: docs/decisions/0011.
CREATE FUNCTION has_proved(person users, p_method text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_method WHEN 'phone' THEN person.phone_verified_at ELSE person.email_verified_at END IS NOT NULL
$$;

-- When the identifier of the method was last proved, to the day.
CREATE FUNCTION last_use(person users, p_method text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_method
    WHEN 'phone' THEN greatest(person.phone_used_at, person.phone_verified_at)
    ELSE greatest(person.email_used_at, person.email_verified_at) END
$$;

-- Whether a use of it now is to be written: the first one of a day, or where the identifier would leave the account otherwise.
CREATE FUNCTION is_use_news(person users, p_method text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT person.leaving_since IS NOT NULL OR last_use(person, p_method) < now() - interval '1 day'
$$;

-- Whether nobody has proved anything of the account: it waits for its owner, whom the first verified identifier makes.
CREATE FUNCTION has_no_owner(person users) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT person.id IS NOT NULL AND person.phone_verified_at IS NULL AND person.email_verified_at IS NULL
$$;
