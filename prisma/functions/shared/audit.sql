-- Writes an event of the audit trail, in the words of the OWASP Logging Vocabulary. No code, token or whole identifier is ever in one.
CREATE FUNCTION write_event(
  p_event text, p_user_id uuid, p_identifier_hash bytea, p_network text, p_request_id uuid, p_detail text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_events (event, user_id, identifier_hash, network, request_id, detail)
  VALUES (p_event, p_user_id, p_identifier_hash, p_network, p_request_id, p_detail);
END $$;
