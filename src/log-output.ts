// Where the lines of the log go. A disk that is full costs lines, and not the service: nobody could sign in for want of a log.
import { type DestinationStream, destination } from 'pino'

/** Lines gather for a moment and go out together: writing each by itself took a tenth of what a request costs. Bytes, milliseconds. */
const gathering = { minLength: 8_192, periodicFlush: 100 }

/** Bytes that wait where the output takes none; what comes then is lost. */
const mostWaiting = 16 * 1024 * 1024

export type LogOutput = DestinationStream & Readonly<{ flushSync: () => void }>

/**
 * @param dest a descriptor, or the path of a file
 * @param tell is told once that lines are lost
 */
export function openLogOutput(dest: number | string, tell: (line: string) => void): LogOutput {
  const output = destination({ dest, sync: false, maxLength: mostWaiting, ...gathering })
  let isTold = false
  let isFailing = false
  output.on('error', (error: Error) => {
    isFailing = true
    // Not again for each line: whoever hears it is most likely on the same disk. The next line tries again.
    if (!isTold) tell(`The log cannot be written, and lines of it are lost: ${error.message}`)
    isTold = true
  })
  output.on('write', () => {
    isFailing = false
  })
  // Both we and pino call it as the process ends. It would try for ever, and the process would not end.
  const flushSync = output.flushSync.bind(output)
  output.flushSync = () => {
    if (!isFailing) flushSync()
  }
  return output
}
