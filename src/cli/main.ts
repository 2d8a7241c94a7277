#!/usr/bin/env node
// The entry of `latchkey`.
import { terminal } from '../config/command-line.js'
import { runLatchkey } from './latchkey.js'

// Whoever reads no further, as `head` does, has what they want.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  /* c8 ignore next -- a disk that is full */
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

// Not process.exit(), which would cut off what is not yet written.
process.exitCode = await runLatchkey(process.argv.slice(2), {
  ...terminal,
  open: async (command, tell) => (await import('./environment.js')).openEnvironment(command, tell),
})
