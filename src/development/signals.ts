// Requests to end: signals, counted the way a person means them, and the end of the npm that started us.

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
// One Ctrl-C arrives several times: from the terminal, and passed on by npm.
const sameRequestMilliseconds = 500
const parentPollMilliseconds = 1_000

/**
 * Takes over the signals that would end the process. `onRequest` is called for each request to end with its number,
 * from 1, and its signal; further signals within half a second belong to the same request.
 */
export function onEndRequest(onRequest: (count: number, signal: NodeJS.Signals) => void): void {
  let count = 0
  let last = Number.NEGATIVE_INFINITY
  const listener = (signal: NodeJS.Signals) => {
    const now = performance.now()
    if (now - last < sameRequestMilliseconds) return
    last = now
    count += 1
    onRequest(count, signal)
  }
  for (const name of names) process.on(name, listener)
  if (process.env['npm_lifecycle_event']) onParentEnd(() => listener('SIGTERM'))
}

// npm runs its scripts in a shell; a signal sent to npm ends that shell, which passes nothing on.
function onParentEnd(onEnd: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onEnd()
  }, parentPollMilliseconds)
  timer.unref()
}
