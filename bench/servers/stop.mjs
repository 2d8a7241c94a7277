// Ends a server of the benchmark on SIGTERM, in order, so that a CPU profile is written.

/** @param {() => unknown} close stops listening */
export function stopOnSignal(close) {
  process.once('SIGTERM', async () => {
    await close()
    process.exit(0)
  })
}
