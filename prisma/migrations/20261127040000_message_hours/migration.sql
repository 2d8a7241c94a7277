-- What became of messages, added up by the hour: the numbers of days are read from here, and not from millions of events.

-- CreateTable
CREATE TABLE "message_hours" (
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "channel" VARCHAR(5) NOT NULL,
    "country" VARCHAR(2) NOT NULL,
    "driver" VARCHAR(32) NOT NULL,
    "sent" INTEGER NOT NULL,
    "delivered" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "verified" INTEGER NOT NULL,

    CONSTRAINT "message_hours_pkey" PRIMARY KEY ("hour","channel","country","driver")
);

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

ALTER TABLE "message_hours" ADD CONSTRAINT "message_hours_counts_check" CHECK (
  "sent" >= 0 AND "delivered" >= 0 AND "failed" >= 0 AND "verified" BETWEEN 0 AND "sent"
);
