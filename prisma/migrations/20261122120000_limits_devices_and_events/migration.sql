-- CreateTable
CREATE TABLE "devices" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "devices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "limit_counters" (
    "key" VARCHAR(100) NOT NULL,
    "window_started_at" TIMESTAMPTZ(0) NOT NULL,
    "shard" SMALLINT NOT NULL DEFAULT 0,
    "count" INTEGER NOT NULL DEFAULT 1,
    "expires_at" TIMESTAMPTZ(0) NOT NULL,

    CONSTRAINT "limit_counters_pkey" PRIMARY KEY ("key","window_started_at","shard")
);

-- CreateTable
CREATE TABLE "country_breakers" (
    "country" CHAR(2) NOT NULL,
    "closed_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "country_breakers_pkey" PRIMARY KEY ("country")
);

-- CreateTable
CREATE TABLE "auth_events" (
    "id" BIGSERIAL NOT NULL,
    "happened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "event" VARCHAR(64) NOT NULL,
    "user_id" UUID,
    "identifier_hash" BYTEA,
    "network" VARCHAR(48),
    "request_id" UUID,
    "detail" VARCHAR(200),

    CONSTRAINT "auth_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "devices_token_hash_key" ON "devices"("token_hash");

-- CreateIndex
CREATE INDEX "devices_user_id_idx" ON "devices"("user_id");

-- CreateIndex
CREATE INDEX "devices_expires_at_idx" ON "devices"("expires_at");

-- CreateIndex
CREATE INDEX "limit_counters_expires_at_idx" ON "limit_counters"("expires_at");

-- CreateIndex
CREATE INDEX "auth_events_happened_at_idx" ON "auth_events"("happened_at");

-- CreateIndex
CREATE INDEX "auth_events_user_id_happened_at_idx" ON "auth_events"("user_id", "happened_at");

-- CreateIndex
CREATE INDEX "auth_events_identifier_hash_happened_at_idx" ON "auth_events"("identifier_hash", "happened_at");

-- AddForeignKey
ALTER TABLE "devices" ADD CONSTRAINT "devices_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- 256-bit digests: anything else would be a token or an identifier stored in the clear.
ALTER TABLE "devices" ADD CONSTRAINT "devices_token_hash_check" CHECK (length("token_hash") = 32);
ALTER TABLE "auth_events" ADD CONSTRAINT "auth_events_identifier_hash_check" CHECK (length("identifier_hash") = 32);

-- Every request of a flow updates its counters: room in each page keeps the new versions there, out of the indexes (HOT).
ALTER TABLE "limit_counters" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- An audit trail that can be rewritten shows nothing. Deleting is for the cleanup, and never for what is a day old or younger.
CREATE FUNCTION "refuse_changes_of_auth_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD."happened_at" < now() - interval '1 day' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'auth_events is append-only';
END
$$;
CREATE TRIGGER "auth_events_append_only" BEFORE UPDATE OR DELETE ON "auth_events"
    FOR EACH ROW EXECUTE FUNCTION "refuse_changes_of_auth_events"();
