-- AlterTable
ALTER TABLE "auth_events" ADD COLUMN     "channel" VARCHAR(5),
ADD COLUMN     "country" CHAR(2),
ADD COLUMN     "driver" VARCHAR(32),
ADD COLUMN     "message_id" VARCHAR(255);

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

ALTER TABLE "auth_events" ADD CONSTRAINT "auth_events_channel_check" CHECK ("channel" IN ('sms', 'email'));
ALTER TABLE "auth_events" ADD CONSTRAINT "auth_events_country_check" CHECK ("country" ~ '^[A-Z]{2}$');
-- An id means nothing without whose it is, and a report nothing without the message that it is about.
ALTER TABLE "auth_events" ADD CONSTRAINT "auth_events_message_id_check" CHECK ("message_id" IS NULL OR "driver" IS NOT NULL);
ALTER TABLE "auth_events" ADD CONSTRAINT "auth_events_report_check"
    CHECK ("event" NOT IN ('delivery_confirmed', 'delivery_failed') OR "message_id" IS NOT NULL);

-- The way from a report to its message.
CREATE INDEX "auth_events_accepted_idx" ON "auth_events"("message_id", "driver")
    WHERE "event" = 'delivery_accepted' AND "message_id" IS NOT NULL;
-- What became of a message is told once: the same report again, and another one after it, find no room.
CREATE UNIQUE INDEX "auth_events_report_key" ON "auth_events"("message_id", "driver")
    WHERE "event" IN ('delivery_confirmed', 'delivery_failed');
