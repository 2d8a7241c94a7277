-- AlterTable
ALTER TABLE "otps" ADD COLUMN     "code_made_at" TIMESTAMPTZ(6),
ADD COLUMN     "code_seed" BYTEA,
ADD COLUMN     "code_sends" SMALLINT NOT NULL DEFAULT 1,
ADD COLUMN     "is_test" BOOLEAN NOT NULL DEFAULT false;

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- 256 random bits: anything else could be a code stored in the clear. Where the age is not known, no code is sent again.
ALTER TABLE "otps" ADD CONSTRAINT "otps_code_seed_check" CHECK (
    length("code_seed") = 32 AND ("code_seed" IS NULL) = ("code_made_at" IS NULL)
);

-- Fixed codes sign in, and never do more; there is no seed that they could be made of.
ALTER TABLE "otps" ADD CONSTRAINT "otps_is_test_check" CHECK (
    NOT "is_test" OR ("purpose" = 'sign_in' AND "code_seed" IS NULL)
);

-- A counter below zero would be an allowance that nobody gave.
ALTER TABLE "otps" ADD CONSTRAINT "otps_code_sends_check" CHECK ("code_sends" >= 0);
