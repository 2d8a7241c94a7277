// How long delivery of events waits for what, and how much it does at once.

/** Milliseconds, but for what says otherwise. */
export const dispatcherDefaults = {
  /** after which another replica takes over from one that says nothing any more */
  lease: 5_000,
  /**
   * between looks, unless one brings all that it may: what an event waits for at most. Each look costs commits, however little it
   * brings, and logins wait for the same disk.
   */
  idle: 250,
  /** between looks of a replica that has nothing to deliver there, since another one does */
  follow: 1_000,
  /** of each step of a request: connecting, and each wait for the answer */
  timeout: 10_000,
  /** that requests under way have once the replica stops, which has ten seconds for all that it has to do: the next one sends them again */
  farewell: 2_000,
  /** after which the others wait no longer for one that gets no answer */
  slow: 1_000,
  /** seconds for which a failing event is tried again */
  patience: 86_400,
  /** seconds from the first failure to the second attempt; each further one waits four times as long, three hours at most */
  firstRetry: 5,
  /** requests at once to an endpoint, beside those that are slow */
  requests: 32,
  /** of those, as many as there may be; beyond them the others wait */
  slowRequests: 256,
  /** events that are taken at once */
  most: 500,
  /** events that fail one after the other by the endpoint's fault, before it rests: a balancer with one dead back end of two has few such rows */
  failures: 10,
  /**
   * for which such a row must last, unless Retry-After is said: where one kind of events always fails such rows are many, and the others are
   * taken between them
   */
  longEnough: 60_000,
  /** so many that were never tried say it at once */
  manyFailures: 1_000,
  /** from then to the first attempt at it; each one that fails doubles it, up to `longestRest` */
  firstRest: 5_000,
  /** so long may it take until an endpoint that works again is noticed */
  longestRest: 30_000,
  /** for which one that says Retry-After rests at the most */
  longestAsked: 300_000,
}
export type DispatcherTimes = typeof dispatcherDefaults

const longestRetry = 3 * 3_600

/**
 * Seconds to the next attempt: growing, and never the same for many, which would come back together.
 * @param attempts that have failed, 1 or more
 */
export function pauseAfter(attempts: number, { firstRetry }: Pick<DispatcherTimes, 'firstRetry'>): number {
  return Math.min(firstRetry * 4 ** (attempts - 1), longestRetry) * (0.5 + Math.random())
}

/**
 * Milliseconds for which an endpoint rests that takes nothing: growing, and never the same for many.
 * @param probes attempts that have failed since it rests
 */
export function restAfter(
  probes: number,
  { firstRest, longestRest }: Pick<DispatcherTimes, 'firstRest' | 'longestRest'>,
): number {
  return Math.min(firstRest * 2 ** probes, longestRest) * (0.5 + Math.random() / 2)
}

/** Seconds until an event that was but the probe of its endpoint is tried again where nothing is taken: behind all others that wait. */
export const afterProbe = 2 * longestRetry
