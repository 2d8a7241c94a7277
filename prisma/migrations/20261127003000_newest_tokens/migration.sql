-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "previous_token_id" UUID,
ADD COLUMN     "token_id" UUID,
ADD COLUMN     "token_issued_at" TIMESTAMPTZ(3);
