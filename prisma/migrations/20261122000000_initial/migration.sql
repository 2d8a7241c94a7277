-- CreateEnum
CREATE TYPE "role" AS ENUM ('USER', 'ADMIN');

-- CreateEnum
CREATE TYPE "address_type" AS ENUM ('Home', 'Work', 'Other');

-- CreateEnum
CREATE TYPE "otp_purpose" AS ENUM ('sign_in', 'step_up', 'change_identifier');

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "user_name" VARCHAR(200),
    "phone" VARCHAR(16),
    "email" VARCHAR(254),
    "role" "role" NOT NULL DEFAULT 'USER',
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "addresses" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "type" "address_type" NOT NULL DEFAULT 'Home',
    "house_number" VARCHAR(200) NOT NULL,
    "street_locality" VARCHAR(200) NOT NULL,
    "city" VARCHAR(200) NOT NULL,
    "state" VARCHAR(200) NOT NULL,
    "pincode" VARCHAR(16) NOT NULL,
    "country" CHAR(2) NOT NULL,
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "addresses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "otps" (
    "identifier" VARCHAR(254) NOT NULL,
    "purpose" "otp_purpose" NOT NULL,
    "lane" VARCHAR(64) NOT NULL DEFAULT '',
    "code_id" UUID NOT NULL,
    "code_hash" BYTEA,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "consumed_at" TIMESTAMPTZ(6),
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "resend_at" TIMESTAMPTZ(6) NOT NULL,
    "send_streak" SMALLINT NOT NULL DEFAULT 1,
    "hour_started_at" TIMESTAMPTZ(6) NOT NULL,
    "hour_sends" INTEGER NOT NULL DEFAULT 1,
    "day_started_at" TIMESTAMPTZ(6) NOT NULL,
    "day_sends" INTEGER NOT NULL DEFAULT 1,
    "failures_started_at" TIMESTAMPTZ(6),
    "failures" SMALLINT NOT NULL DEFAULT 0,

    CONSTRAINT "otps_pkey" PRIMARY KEY ("identifier","purpose","lane")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signup_tickets" (
    "token_hash" BYTEA NOT NULL,
    "phone" VARCHAR(16) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "signup_tickets_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_phone_key" ON "users"("phone");

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE INDEX "addresses_user_id_idx" ON "addresses"("user_id");

-- CreateIndex
CREATE INDEX "otps_day_started_at_idx" ON "otps"("day_started_at");

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "signup_tickets_expires_at_idx" ON "signup_tickets"("expires_at");

-- AddForeignKey
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- An account that nobody can sign in to must not come to be.
ALTER TABLE "users" ADD CONSTRAINT "users_identifier_check" CHECK ("phone" IS NOT NULL OR "email" IS NOT NULL);

-- Two spellings of one number or address would be two accounts: only the canonical one is stored.
ALTER TABLE "users" ADD CONSTRAINT "users_phone_check" CHECK ("phone" ~ '^\+[1-9][0-9]{6,14}$');
ALTER TABLE "users" ADD CONSTRAINT "users_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "signup_tickets" ADD CONSTRAINT "signup_tickets_phone_check" CHECK ("phone" ~ '^\+[1-9][0-9]{6,14}$');

-- A counter below zero would be an allowance that nobody gave.
ALTER TABLE "otps" ADD CONSTRAINT "otps_counters_check" CHECK (
    "attempts" >= 0
    AND "send_streak" >= 0
    AND "hour_sends" >= 0
    AND "day_sends" >= 0
    AND "failures" >= 0
);

-- Both are 256-bit digests: anything else would be a code or a ticket stored in the clear.
ALTER TABLE "otps" ADD CONSTRAINT "otps_code_hash_check" CHECK (length("code_hash") = 32);
ALTER TABLE "signup_tickets" ADD CONSTRAINT "signup_tickets_token_hash_check" CHECK (length("token_hash") = 32);

-- Every send and every guess updates its row: room in each page keeps the new version there, out of the indexes (HOT).
-- Small and always changing: vacuumed after fewer dead rows than the default fifth of the table.
ALTER TABLE "otps" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
