-- Identifiers that went to somebody else (RECYCLE_AFTER, contract §14). When those of today were last used nobody knows: they count from
-- this moment on. The default is one value for all rows that are there, so that no row is written.
ALTER TABLE "users" ADD COLUMN     "email_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "leaving" VARCHAR(254),
ADD COLUMN     "leaving_since" TIMESTAMPTZ(3),
ADD COLUMN     "phone_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateTable
CREATE TABLE "recycle_tickets" (
    "token_hash" BYTEA NOT NULL,
    "user_id" UUID NOT NULL,
    "identifier" VARCHAR(254) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "recycle_tickets_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE INDEX "recycle_tickets_user_id_idx" ON "recycle_tickets"("user_id");

-- CreateIndex
CREATE INDEX "recycle_tickets_expires_at_idx" ON "recycle_tickets"("expires_at");

-- AddForeignKey
ALTER TABLE "recycle_tickets" ADD CONSTRAINT "recycle_tickets_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- 256-bit digests: anything else would be a token stored in the clear.
ALTER TABLE "recycle_tickets" ADD CONSTRAINT "recycle_tickets_token_hash_check" CHECK (length("token_hash") = 32);

-- The cleanup's way to the few that leave.
CREATE INDEX "users_leaving_since_idx" ON "users"("leaving_since") WHERE "leaving_since" IS NOT NULL;
