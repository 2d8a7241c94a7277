-- Opening sessions of users whose rows the caller has locked.

CREATE TYPE new_session AS (
  user_id uuid, session_id uuid, client text, network text,
  is_test boolean,                                  -- opened by a fixed code
  device uuid,                                      -- a trusted one; null where the device is new
  new_device_id uuid, new_device_hash bytea,
  is_restricted boolean                             -- a code opened it on a new device, although there is a passkey
);

-- How long such a device, and every session on it, may change no way to sign in (contract §11): who had a code out of its owner by a page
-- that only looks like ours gets no further than the owner who was told.
CREATE FUNCTION restriction() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '24 hours' $$;

-- Opens sessions on devices that are trusted or new. Of an account with too many devices those that were used longest ago give way.
CREATE FUNCTION open_sessions(p_sessions new_session[], p_session_ttl int, p_device_ttl int, p_max_devices int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  known CONSTANT uuid[] := ARRAY(SELECT x.device FROM unnest(p_sessions) AS x WHERE x.device IS NOT NULL);
BEGIN
  IF known <> '{}' THEN
    UPDATE devices d SET last_used_at = now(), expires_at = now() + make_interval(secs => p_device_ttl) WHERE d.id = ANY (known);
  END IF;
  DELETE FROM devices d WHERE d.id = ANY (ARRAY(
    SELECT old.id
    FROM (SELECT x.user_id, count(*) AS added FROM unnest(p_sessions) AS x WHERE x.device IS NULL GROUP BY x.user_id) AS n,
      LATERAL (
        SELECT o.id FROM devices o WHERE o.user_id = n.user_id ORDER BY o.last_used_at DESC, o.id DESC OFFSET greatest(p_max_devices - n.added, 0)
      ) AS old));
  INSERT INTO devices (id, user_id, token_hash, expires_at, restricted_until)
  SELECT x.new_device_id, x.user_id, x.new_device_hash, now() + make_interval(secs => p_device_ttl),
    CASE WHEN x.is_restricted THEN now() + restriction() END
  FROM unnest(p_sessions) AS x WHERE x.device IS NULL;
  INSERT INTO sessions (id, user_id, expires_at, device, network, device_id, proved_at, by_test_code, restricted_until)
  SELECT x.session_id, x.user_id, now() + make_interval(secs => p_session_ttl), x.client, x.network, coalesce(x.device, x.new_device_id),
    -- A fixed code stands in a store's form: whoever types it has proved nothing (SECURITY.md).
    CASE WHEN x.is_test THEN to_timestamp(0) ELSE now() END, x.is_test,
    -- The device may be gone before its sessions are: each has the end of its own.
    (SELECT d.restricted_until FROM devices d WHERE d.id = coalesce(x.device, x.new_device_id))
  FROM unnest(p_sessions) AS x;
END $$;
