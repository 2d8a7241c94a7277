// The log: JSON lines without secrets or personal data, whatever is handed to it.
import { type DestinationStream, type Logger, pino } from 'pino'
import { visibleJson } from '../showing.js'
import { traceIds } from '../tracing/tracer.js'

/** Hides phone numbers, email addresses and other long digits that errors of libraries quote. */
export function maskPersonalData(text: string): string {
  return text
    .replace(/[\w!#$%&'*+=?^`{|}~.-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi, '<email>')
    .replace(/\+?\d{6,}/g, '<number>')
}

/** What of an error is worth a log line: no properties, which is where libraries keep parameters and rows. */
function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const code: unknown = Reflect.get(error, 'code')
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    message: maskPersonalData(error.message),
    stack: maskPersonalData(String(error.stack)),
    ...(error.cause !== undefined && { cause: serializeError(error.cause) }),
  }
}

const hide = () => undefined

/**
 * @param destination where the lines go; `pino.destination(1)` is standard output, written without delay
 * @param isTraced whether lines that tell of a request carry the ids of its trace
 */
export function createLogger(level: string, destination: DestinationStream, isTraced = false): Logger {
  const options = {
    level,
    base: null,
    ...(isTraced && { mixin: traceIds }),
    timestamp: pino.stdTimeFunctions.isoTime,
    // Headers come with bytes that terminals obey, which is where people read a log (CWE-117, CWE-150).
    hooks: { streamWrite: visibleJson },
    serializers: {
      err: serializeError,
      // Requests and replies as objects hold headers, addresses and URLs; lines name what they need.
      req: hide,
      res: hide,
    },
  }
  return pino(options, destination)
}
