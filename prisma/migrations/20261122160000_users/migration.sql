-- AlterTable
ALTER TABLE "users" ADD COLUMN "name_key" VARCHAR(200) NOT NULL DEFAULT '',
ADD COLUMN "phone_verified_at" TIMESTAMPTZ(3),
ADD COLUMN "email_verified_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "proved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN "device" VARCHAR(100),
ADD COLUMN "network" VARCHAR(48);

-- AlterTable
ALTER TABLE "auth_events" ADD COLUMN "actor_id" UUID;

-- From here on by hand: what schema.prisma cannot say, and what the rows so far mean.

-- Whoever has an account got it by a proof, and every session began with one.
UPDATE "users" SET
    "phone_verified_at" = CASE WHEN "phone" IS NOT NULL THEN "created_at" END,
    "email_verified_at" = CASE WHEN "email" IS NOT NULL THEN "created_at" END,
    "name_key" = lower(coalesce("user_name", ''));
UPDATE "sessions" SET "proved_at" = "created_at";

-- Compared by bytes: an order that no operating system's update changes, and indexes that answer prefixes.
ALTER TABLE "users"
    ALTER COLUMN "name_key" TYPE VARCHAR(200) COLLATE "C",
    ALTER COLUMN "phone" TYPE VARCHAR(16) COLLATE "C",
    ALTER COLUMN "email" TYPE VARCHAR(254) COLLATE "C";

-- CreateIndex
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at", "id");

-- CreateIndex
CREATE INDEX "users_name_key_id_idx" ON "users"("name_key", "id");

-- Admins are few: to count and lock them costs nothing, however many users there are.
CREATE INDEX "users_admins_idx" ON "users"("id") WHERE "role" = 'ADMIN';

-- What an admin did to others; most events have no actor but the user.
CREATE INDEX "auth_events_actor_id_happened_at_idx" ON "auth_events"("actor_id", "happened_at") WHERE "actor_id" IS NOT NULL;

-- Nothing is proved that is not there.
ALTER TABLE "users" ADD CONSTRAINT "users_verified_check" CHECK (
    ("phone" IS NOT NULL OR "phone_verified_at" IS NULL)
    AND ("email" IS NOT NULL OR "email_verified_at" IS NULL)
);

-- One default address at most.
CREATE UNIQUE INDEX "addresses_default_key" ON "addresses"("user_id") WHERE "is_default";
