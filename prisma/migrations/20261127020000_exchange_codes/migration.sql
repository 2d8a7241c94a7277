-- One-time codes with which the sign-in page sends people back to another origin (contract §14).

-- CreateTable
CREATE TABLE "exchange_codes" (
    "token_hash" BYTEA NOT NULL,
    "user_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "origin" VARCHAR(300) NOT NULL,
    "challenge" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "consumed_at" TIMESTAMPTZ(3),
    "opened_session_id" UUID,

    CONSTRAINT "exchange_codes_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE INDEX "exchange_codes_user_id_idx" ON "exchange_codes"("user_id");

-- CreateIndex
CREATE INDEX "exchange_codes_expires_at_idx" ON "exchange_codes"("expires_at");

-- AddForeignKey
ALTER TABLE "exchange_codes" ADD CONSTRAINT "exchange_codes_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- Digests: anything else would be a code, or a verifier, stored in the clear.
ALTER TABLE "exchange_codes" ADD CONSTRAINT "exchange_codes_token_hash_check" CHECK (length("token_hash") = 32);
ALTER TABLE "exchange_codes" ADD CONSTRAINT "exchange_codes_challenge_check" CHECK (length("challenge") = 32);

-- Only a code that was shown can have opened a session.
ALTER TABLE "exchange_codes" ADD CONSTRAINT "exchange_codes_opened_check" CHECK ("opened_session_id" IS NULL OR "consumed_at" IS NOT NULL);
