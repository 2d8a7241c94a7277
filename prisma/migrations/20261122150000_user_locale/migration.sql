-- AlterTable
ALTER TABLE "users" ADD COLUMN     "locale" VARCHAR(12);

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- Language, script, region, as the files of messages are named: whatever stands here can be looked up.
ALTER TABLE "users" ADD CONSTRAINT "users_locale_check" CHECK ("locale" ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$');
