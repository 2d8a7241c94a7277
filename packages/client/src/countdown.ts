// "Send again in 27 seconds": counted by the clock, since pages in the background and phones asleep skip ticks.

/**
 * Calls back now and then once a second with the whole seconds that are left, for the last time with 0. Returns what ends it before.
 * @param seconds `resend_after` of an answer, or `retryAfter` of an error
 */
export function countdown(seconds: number, onTick: (left: number) => void, signal?: AbortSignal): () => void {
  const end = Date.now() + seconds * 1_000
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => clearTimeout(timer)
  const tick = () => {
    if (signal?.aborted) return
    const left = Math.max(0, end - Date.now())
    onTick(Math.ceil(left / 1_000))
    // To the next whole second, so that no number is skipped or shown twice.
    if (left > 0) timer = setTimeout(tick, left % 1_000 || 1_000)
  }
  signal?.addEventListener('abort', stop, { once: true })
  tick()
  return stop
}
