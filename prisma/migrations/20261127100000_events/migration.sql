-- What the product's own systems hear of: an outbox that is written with each change, and the numbered log that it is moved into
-- (docs/decisions/0053-events-are-written-by-triggers.md).

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "public_metadata" JSONB NOT NULL DEFAULT '{}';

-- CreateTable
CREATE TABLE "event_outbox" (
    "id" BIGSERIAL NOT NULL,
    "type" VARCHAR(32) NOT NULL,
    "user_id" UUID,
    "data" JSONB NOT NULL,
    "happened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "event_outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_numbers" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "last" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_numbers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "position" BIGINT NOT NULL,
    "type" VARCHAR(32) NOT NULL,
    "user_id" UUID,
    "data" JSONB NOT NULL,
    "happened_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "events_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "event_endpoints" (
    "name" VARCHAR(64) NOT NULL,
    "host" VARCHAR(300) NOT NULL,
    "position" BIGINT NOT NULL,
    "owner" UUID,
    "owned_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_endpoints_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "event_deliveries" (
    "endpoint" VARCHAR(64) NOT NULL,
    "position" BIGINT NOT NULL,
    "user_id" UUID,
    "attempts" SMALLINT NOT NULL,
    "queued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "next_at" TIMESTAMPTZ(3),
    "parked_at" TIMESTAMPTZ(3),
    "error" VARCHAR(100),

    CONSTRAINT "event_deliveries_pkey" PRIMARY KEY ("endpoint","position")
);

-- CreateIndex
CREATE INDEX "events_user_id_position_idx" ON "events"("user_id", "position");

-- CreateIndex
CREATE INDEX "events_type_position_idx" ON "events"("type", "position");

-- CreateIndex
CREATE INDEX "event_deliveries_endpoint_next_at_idx" ON "event_deliveries"("endpoint", "next_at");

-- CreateIndex
CREATE INDEX "event_deliveries_endpoint_user_id_position_idx" ON "event_deliveries"("endpoint", "user_id", "position");

-- CreateIndex
CREATE INDEX "event_deliveries_position_idx" ON "event_deliveries"("position");

-- AddForeignKey
ALTER TABLE "event_deliveries" ADD CONSTRAINT "event_deliveries_endpoint_fkey" FOREIGN KEY ("endpoint") REFERENCES "event_endpoints"("name") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "event_deliveries" ADD CONSTRAINT "event_deliveries_position_fkey" FOREIGN KEY ("position") REFERENCES "events"("position") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- The one row that everybody locks who gives events their numbers.
INSERT INTO "event_numbers" DEFAULT VALUES;
ALTER TABLE "event_numbers" ADD CONSTRAINT "event_numbers_one_check" CHECK ("id" = 1);

ALTER TABLE "users" ADD CONSTRAINT "users_public_metadata_check" CHECK (jsonb_typeof("public_metadata") = 'object');

-- Only what waits has a time to be tried at.
ALTER TABLE "event_deliveries" ADD CONSTRAINT "event_deliveries_parked_check" CHECK ("parked_at" IS NULL OR "next_at" IS NULL);

-- Rows come and go: what is dead goes soon, so that reading what is there stays short.
ALTER TABLE "event_outbox" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE "event_deliveries" SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE "event_numbers" SET (fillfactor = 20);
ALTER TABLE "event_endpoints" SET (fillfactor = 20);

-- The triggers, and not whoever changes something: no way of ending a session can forget to tell of it, be it a cascade, the cleanup, an
-- older release beside this one or a person at psql. Each has the search path of this migration: theirs may name no table of ours.

CREATE FUNCTION "tell_of_users"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  changed text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO event_outbox (type, user_id, data) VALUES ('user.created', NEW.id, jsonb_build_object('role', NEW.role));
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN
    INSERT INTO event_outbox (type, user_id, data) VALUES ('user.deleted', OLD.id, '{}');
    RETURN NULL;
  END IF;

  INSERT INTO event_outbox (type, user_id, data)
  SELECT 'identifier.' || CASE WHEN before IS NULL THEN 'added' WHEN after IS NULL THEN 'removed' ELSE 'changed' END, NEW.id,
    CASE WHEN after IS NULL THEN jsonb_build_object('method', method) ELSE jsonb_build_object('method', method, 'verified', is_verified) END
  FROM (VALUES
    ('phone', OLD.phone, NEW.phone, OLD.phone_verified_at IS NOT NULL, NEW.phone_verified_at IS NOT NULL),
    ('email', OLD.email, NEW.email, OLD.email_verified_at IS NOT NULL, NEW.email_verified_at IS NOT NULL)
  ) AS x (method, before, after, was_verified, is_verified)
  WHERE before IS DISTINCT FROM after OR after IS NOT NULL AND was_verified <> is_verified;

  changed := array_remove(ARRAY[
    CASE WHEN OLD.user_name IS DISTINCT FROM NEW.user_name THEN 'user_name' END,
    CASE WHEN OLD.role <> NEW.role THEN 'role' END,
    CASE WHEN OLD.public_metadata <> NEW.public_metadata THEN 'public_metadata' END,
    CASE WHEN OLD.disabled_at IS NOT NULL AND NEW.disabled_at IS NULL THEN 'disabled' END], NULL);
  IF changed <> '{}' THEN
    INSERT INTO event_outbox (type, user_id, data) VALUES ('user.updated', NEW.id, jsonb_build_object('changed', changed));
  END IF;
  IF OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL THEN
    INSERT INTO event_outbox (type, user_id, data) VALUES ('user.disabled', NEW.id, '{}');
  END IF;
  RETURN NULL;
END $$;
-- An import of users that are known already tells of none, by this setting of its transactions.
CREATE TRIGGER "users_tell_of_new" AFTER INSERT ON "users" FOR EACH ROW
  WHEN (current_setting('latchkey.tells_of_new_users', true) IS DISTINCT FROM 'off') EXECUTE FUNCTION "tell_of_users"();
-- Told at the end of the transaction: what goes with the user, in cascades, is told before.
CREATE CONSTRAINT TRIGGER "users_tell_of_deleted" AFTER DELETE ON "users" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "tell_of_users"();
-- Signing in writes when an identifier was used, which is nobody's business.
CREATE TRIGGER "users_tell_of_changes" AFTER UPDATE ON "users" FOR EACH ROW
  WHEN (
    (OLD.user_name, OLD.role, OLD.public_metadata, OLD.disabled_at, OLD.phone, OLD.phone_verified_at, OLD.email, OLD.email_verified_at)
    IS DISTINCT FROM
    (NEW.user_name, NEW.role, NEW.public_metadata, NEW.disabled_at, NEW.phone, NEW.phone_verified_at, NEW.email, NEW.email_verified_at)
  ) EXECUTE FUNCTION "tell_of_users"();

CREATE FUNCTION "tell_of_sessions"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO event_outbox (type, user_id, data)
    SELECT 'session.created', s.user_id, jsonb_build_object('session_id', s.id, 'device', s.device) FROM affected s;
  ELSE
    -- One that has run out is taken away by the cleanup, and was over before.
    INSERT INTO event_outbox (type, user_id, data)
    SELECT 'session.ended', s.user_id,
      jsonb_build_object('session_id', s.id, 'reason', CASE WHEN s.expires_at <= now() THEN 'expired' ELSE 'ended' END)
    FROM affected s;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "sessions_tell_of_new" AFTER INSERT ON "sessions" REFERENCING NEW TABLE AS affected
  FOR EACH STATEMENT EXECUTE FUNCTION "tell_of_sessions"();
CREATE TRIGGER "sessions_tell_of_ended" AFTER DELETE ON "sessions" REFERENCING OLD TABLE AS affected
  FOR EACH STATEMENT EXECUTE FUNCTION "tell_of_sessions"();

CREATE FUNCTION "tell_of_passkeys"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO event_outbox (type, user_id, data)
  SELECT CASE TG_OP WHEN 'INSERT' THEN 'passkey.added' ELSE 'passkey.removed' END, p.user_id, jsonb_build_object('passkey_id', p.id)
  FROM affected p;
  RETURN NULL;
END $$;
CREATE TRIGGER "passkeys_tell_of_added" AFTER INSERT ON "passkeys" REFERENCING NEW TABLE AS affected
  FOR EACH STATEMENT EXECUTE FUNCTION "tell_of_passkeys"();
CREATE TRIGGER "passkeys_tell_of_removed" AFTER DELETE ON "passkeys" REFERENCING OLD TABLE AS affected
  FOR EACH STATEMENT EXECUTE FUNCTION "tell_of_passkeys"();

CREATE FUNCTION "tell_of_alarms"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO event_outbox (type, user_id, data)
  VALUES ('security.alarm', NEW.user_id, jsonb_build_object('detail', NEW.detail, 'alarm', CASE
    WHEN NEW.event <> 'authn_token_reuse' THEN 'guesses'
    WHEN NEW.detail LIKE '%, its counter went back' THEN 'passkey_cloned'
    ELSE 'token_reuse' END));
  RETURN NULL;
END $$;
-- The condition is asked without calling anything: most rows of the trail are no alarms.
CREATE TRIGGER "auth_events_tell" AFTER INSERT ON "auth_events" FOR EACH ROW
  WHEN (NEW.event = 'authn_token_reuse' OR NEW.event = 'excess_rate_limit_exceeded' AND NEW.detail LIKE 'guesses in all:%')
  EXECUTE FUNCTION "tell_of_alarms"();
