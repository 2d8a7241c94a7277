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

-- Whether the user has proved the identifier of the method. Who owns an identifier: docs/decisions/0011.
CREATE FUNCTION has_proved(person users, p_method text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_method WHEN 'phone' THEN person.phone_verified_at ELSE person.email_verified_at END IS NOT NULL
$$;

-- Whether nobody has proved anything of the account: it waits for its owner, whom the first verified identifier makes.
CREATE FUNCTION has_no_owner(person users) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT person.id IS NOT NULL AND person.phone_verified_at IS NULL AND person.email_verified_at IS NULL
$$;
