// The time of the database, which decides what has ended: that of this machine may be another one.
import type { Prisma } from '../generated/prisma/client.js'

/** When the transaction began. */
export async function timeOf(transaction: Pick<Prisma.TransactionClient, '$queryRaw'>): Promise<Date> {
  const [{ now }] = await transaction.$queryRaw<[{ now: Date }]>`SELECT now()`
  return now
}
