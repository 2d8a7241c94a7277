// The ids of rows.
import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Bytes of randomness of one id. */
const size = 16

/** Fetched for a few hundred ids at once: asking for each by itself takes ten times as long as the rest of making one. */
const pool = Buffer.alloc(256 * size)
let used = pool.length

/** Milliseconds of the last id, and its place among those of the same millisecond. */
let msecs = 0
let seq = 0

/**
 * A new UUIDv7 (RFC 9562 §5.7). Those of one process ascend: the sequence begins at 31 random bits with each millisecond and is
 * counted up within it (§6.2, method 1). An id is a name and no secret.
 */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + size)
  used += size
  const now = Date.now()
  // A clock that is set back must not bring ids back.
  if (now > msecs) [msecs, seq] = [now, random.readUInt32BE(6) >>> 1]
  else seq += 1
  return v7({ random, msecs, seq })
}
