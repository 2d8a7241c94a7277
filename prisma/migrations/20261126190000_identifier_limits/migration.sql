-- What an identifier has been sent, over all purposes and devices. `otps.hour_sends` and `otps.day_sends` are of one purpose and device
-- each: releases before this one go on counting there; they are dropped once none of these runs any more.
CREATE TABLE "identifier_limits" (
    "identifier" VARCHAR(254) NOT NULL,
    "hour_started_at" TIMESTAMPTZ(6) NOT NULL,
    "hour_sends" INTEGER NOT NULL,
    "day_started_at" TIMESTAMPTZ(6) NOT NULL,
    "day_sends" INTEGER NOT NULL,
    "trusted_started_at" TIMESTAMPTZ(6),
    "trusted_sends" INTEGER NOT NULL DEFAULT 0,
    "refused_started_at" TIMESTAMPTZ(6),
    "refused_sends" INTEGER NOT NULL DEFAULT 0,
    "counted_at" TIMESTAMPTZ(6),
    "counted_by" UUID,

    CONSTRAINT "identifier_limits_pkey" PRIMARY KEY ("identifier")
);

CREATE INDEX "identifier_limits_day_started_at_idx" ON "identifier_limits"("day_started_at");

ALTER TABLE "identifier_limits" ADD CONSTRAINT "identifier_limits_counters_check" CHECK (
    "hour_sends" >= 0 AND "day_sends" >= 0 AND "trusted_sends" >= 0 AND "refused_sends" >= 0
);

-- As of otps: every send is an update of the row, which stays on its page.
ALTER TABLE "identifier_limits" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Windows that are open go on.
INSERT INTO "identifier_limits" ("identifier", "hour_started_at", "hour_sends", "day_started_at", "day_sends")
SELECT
    o."identifier",
    coalesce(min(o."hour_started_at") FILTER (WHERE o."hour_started_at" > now() - interval '1 hour'), min(o."hour_started_at")),
    coalesce(sum(o."hour_sends") FILTER (WHERE o."hour_started_at" > now() - interval '1 hour'), 0),
    min(o."day_started_at"),
    sum(o."day_sends")
FROM "otps" o
WHERE o."day_started_at" > now() - interval '24 hours'
GROUP BY o."identifier";
