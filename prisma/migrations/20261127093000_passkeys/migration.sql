-- Passkeys (contract §11), their challenges, and the day in which a new device changes no way to sign in.

-- CreateEnum
CREATE TYPE "passkey_device_type" AS ENUM ('single_device', 'multi_device');

-- CreateEnum
CREATE TYPE "passkey_ceremony" AS ENUM ('registration', 'authentication', 'step_up');

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "restricted_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "devices" ADD COLUMN     "restricted_until" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "passkeys" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "credential_id" BYTEA NOT NULL,
    "public_key" BYTEA NOT NULL,
    "counter" BIGINT NOT NULL,
    "transports" TEXT[],
    "device_type" "passkey_device_type" NOT NULL,
    "backed_up" BOOLEAN NOT NULL,
    "aaguid" UUID NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "passkeys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "passkey_challenges" (
    "challenge_hash" BYTEA NOT NULL,
    "purpose" "passkey_ceremony" NOT NULL,
    "holder_hash" BYTEA,
    "session_id" UUID,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "passkey_challenges_pkey" PRIMARY KEY ("challenge_hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "passkeys_credential_id_key" ON "passkeys"("credential_id");

-- CreateIndex
CREATE INDEX "passkeys_user_id_idx" ON "passkeys"("user_id");

-- CreateIndex
CREATE INDEX "passkey_challenges_expires_at_idx" ON "passkey_challenges"("expires_at");

-- AddForeignKey
ALTER TABLE "passkeys" ADD CONSTRAINT "passkeys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- WebAuthn level 3, §5.8.3 and §6.1: ids of up to 1,023 bytes, counters of 32 bits.
ALTER TABLE "passkeys" ADD CONSTRAINT "passkeys_credential_id_check" CHECK (length("credential_id") BETWEEN 1 AND 1023);
ALTER TABLE "passkeys" ADD CONSTRAINT "passkeys_counter_check" CHECK ("counter" BETWEEN 0 AND 4294967295);

-- Digests: anything else would be a challenge, or what a browser keeps, stored in the clear.
ALTER TABLE "passkey_challenges" ADD CONSTRAINT "passkey_challenges_challenge_hash_check" CHECK (length("challenge_hash") = 32);
ALTER TABLE "passkey_challenges" ADD CONSTRAINT "passkey_challenges_holder_hash_check" CHECK (length("holder_hash") = 32);

-- A challenge is bound to a browser or to a session.
ALTER TABLE "passkey_challenges" ADD CONSTRAINT "passkey_challenges_holder_check" CHECK (("holder_hash" IS NULL) <> ("session_id" IS NULL));
