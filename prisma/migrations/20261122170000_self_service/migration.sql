-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "device_id" UUID;

-- CreateIndex
CREATE INDEX "sessions_user_id_created_at_id_idx" ON "sessions"("user_id", "created_at", "id");

-- DropIndex
DROP INDEX "sessions_user_id_idx";

-- From here on by hand: what schema.prisma cannot say.

-- Assigned codes are letters; which ones there are is for the service to know.
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_country_check" CHECK ("country" ~ '^[A-Z]{2}$');
