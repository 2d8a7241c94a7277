-- Solutions of challenges that a send has passed with (contract §10): each is good once, in all replicas.
CREATE TABLE "spent_challenges" (
    "name" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "spent_challenges_pkey" PRIMARY KEY ("name"),
    CONSTRAINT "spent_challenges_name_check" CHECK (length("name") <= 128)
);

CREATE INDEX "spent_challenges_expires_at_idx" ON "spent_challenges"("expires_at");
