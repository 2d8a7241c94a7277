-- Endpoints of events that are left alone while they take nothing, and how late events are
-- (docs/decisions/0056-endpoints-that-take-nothing-rest.md).

-- AlterTable
ALTER TABLE "event_endpoints" ADD COLUMN     "failing_since" TIMESTAMPTZ(3);

-- DropIndex
DROP INDEX "event_deliveries_endpoint_next_at_idx";

-- From here on by hand: what schema.prisma cannot say, and the diff does not see.

-- Of what waits for an endpoint these two have as much as is asked of them, and no more: while there are no statistics, an index that begins
-- with the endpoint is taken for as good as any other, and a look at what waits of one user would read what waits of all.

-- What is due.
CREATE INDEX "event_deliveries_due_idx" ON "event_deliveries"("endpoint", "next_at") WHERE "next_at" IS NOT NULL;

-- The first event that waits somewhere, without a look at all that were given up there. For whoever asks for a position above 0.
CREATE INDEX "event_deliveries_waiting_idx" ON "event_deliveries"("endpoint", "position") WHERE "parked_at" IS NULL AND "position" > 0;
