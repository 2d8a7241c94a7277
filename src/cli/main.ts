#!/usr/bin/env node
// The entry of `latchkey`.
import { terminal } from '../config/command-line.js'
import { runLatchkey } from './latchkey.js'

const cannotWrite = (error: NodeJS.ErrnoException): never => {
  /* c8 ignore next -- a fault of ours, which is to have its stack */
  if (error.syscall !== 'write') throw error
  process.stderr.write(`Standard output cannot be written: ${error.message}\n`)
  process.exit(1)
}

// Whoever reads no further, as `head` does, has what they want.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  /* c8 ignore next -- a pipe that fails otherwise than by its end */
  if (error.code !== 'EPIPE') cannotWrite(error)
  process.exit(0)
})

// Not process.exit(), which would cut off what is not yet written.
process.exitCode = await runLatchkey(process.argv.slice(2), {
  ...terminal,
  open: async (command, tell) => (await import('./environment.js')).openEnvironment(command, tell),
}).catch(cannotWrite)
