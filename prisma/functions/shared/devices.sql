-- Trusted devices: where an account was signed in before. One has counters of its own for the identifiers of its account.

-- The device of a token, for the owner of the identifier alone: nobody gets a budget of their own at somebody else's identifier, and a
-- former holder of a number none at the number. An identifier that is only claimed is no right to anything.
CREATE FUNCTION trusted_device(p_device_hash bytea, p_method text, p_identifier text) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
  IF p_device_hash IS NULL THEN RETURN NULL; END IF;
  RETURN (
    SELECT d.id FROM devices d JOIN users u ON u.id = d.user_id
    WHERE d.token_hash = p_device_hash AND d.expires_at > now() AND u.disabled_at IS NULL
      AND CASE p_method
        WHEN 'phone' THEN u.phone = p_identifier AND u.phone_verified_at IS NOT NULL
        ELSE u.email = p_identifier AND u.email_verified_at IS NOT NULL
      END
  );
END $$;

-- The device of a token, for this user alone.
CREATE FUNCTION device_of_user(p_device_hash bytea, p_user_id uuid) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
  IF p_device_hash IS NULL THEN RETURN NULL; END IF;
  RETURN (
    SELECT d.id FROM devices d JOIN users u ON u.id = d.user_id
    WHERE d.token_hash = p_device_hash AND d.expires_at > now() AND d.user_id = p_user_id AND u.disabled_at IS NULL
  );
END $$;
