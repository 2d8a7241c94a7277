-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "by_test_code" BOOLEAN NOT NULL DEFAULT false;
