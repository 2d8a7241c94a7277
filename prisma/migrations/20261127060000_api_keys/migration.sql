-- Keys by which back ends of the product ask about users without a person's session.

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "beginning" VARCHAR(8) NOT NULL,
    "scopes" TEXT[],
    "created_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_token_hash_key" ON "api_keys"("token_hash");

-- CreateIndex
CREATE INDEX "api_keys_expires_at_idx" ON "api_keys"("expires_at");

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_token_hash_check" CHECK (length("token_hash") = 32);

-- A list that is null or empty would be a key of which nobody can tell what it is for.
ALTER TABLE "api_keys" ALTER COLUMN "scopes" SET NOT NULL;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_scopes_check" CHECK (
  cardinality("scopes") > 0
  AND "scopes" <@ ARRAY['users:read', 'users:write', 'sessions:read', 'sessions:write', 'events:read']
);
