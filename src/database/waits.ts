/**
 * Milliseconds. A database that does not answer is told to the caller as 503 within three seconds. A burst larger than the pool
 * gets longer: on a healthy database it is being served, and on a silent one its first requests fail soon enough.
 */
export const waits = {
  connect: 2_000,
  queue: 5_000,
  statement: 2_500,
  lock: 2_300,
  idleInTransaction: 5_000,
  silence: 2_800,
}
