-- Opens a session of a user whose row the caller has locked, on a device that is trusted or new.
-- Returns whether the device is new; the one that was used longest ago gives way where there are too many.
CREATE FUNCTION open_session(
  p_user_id uuid, p_session_id uuid, p_session_ttl int, p_client text, p_network text, p_is_test boolean,
  p_device uuid, p_new_device_id uuid, p_new_device_hash bytea, p_device_ttl int, p_max_devices int
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sessions (id, user_id, expires_at, device, network, device_id, proved_at, by_test_code)
  VALUES (
    p_session_id, p_user_id, now() + make_interval(secs => p_session_ttl), p_client, p_network,
    coalesce(p_device, p_new_device_id),
    -- A fixed code stands in a store's form: whoever types it has proved nothing (SECURITY.md).
    CASE WHEN p_is_test THEN to_timestamp(0) ELSE now() END, p_is_test
  );
  IF p_device IS NOT NULL THEN
    UPDATE devices d SET last_used_at = now(), expires_at = now() + make_interval(secs => p_device_ttl) WHERE d.id = p_device;
    RETURN false;
  END IF;
  DELETE FROM devices d WHERE d.id IN (
    SELECT old.id FROM devices old WHERE old.user_id = p_user_id
    ORDER BY old.last_used_at DESC, old.id DESC OFFSET p_max_devices - 1
  );
  INSERT INTO devices (id, user_id, token_hash, expires_at)
  VALUES (p_new_device_id, p_user_id, p_new_device_hash, now() + make_interval(secs => p_device_ttl));
  RETURN true;
END $$;
