-- What every batch begins with. A statement must see what was committed before it, also by those whom it waited for: under another
-- isolation it would decide by an old picture. In a batch nobody waits long for a lock: the others wait with whoever does.
CREATE FUNCTION begin_batch(is_alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE 'decisions need the isolation level read committed, not %', current_setting('transaction_isolation')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF NOT is_alone THEN PERFORM set_config('lock_timeout', '100ms', true); END IF;
END $$;
