-- Endpoints of events that are left alone while they take nothing, and how late events are
-- (docs/decisions/0056-endpoints-that-take-nothing-rest.md).

-- AlterTable
ALTER TABLE "event_endpoints" ADD COLUMN     "failing_since" TIMESTAMPTZ(3);

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- The first event that waits somewhere, without a look at all that were given up there.
CREATE INDEX "event_deliveries_waiting_idx" ON "event_deliveries"("endpoint", "position") WHERE "parked_at" IS NULL;
