// What goes out to a provider says of which trace it is (W3C Trace Context).
import { context, propagation } from '@opentelemetry/api'
import { isTraced } from './tracer.js'

/** The headers, with `traceparent` where there is a trace. Baggage stays here: it may say who somebody is, and providers are strangers. */
export function withTraceparent(headers: Readonly<Record<string, string>>): Record<string, string> {
  const all = { ...headers }
  if (isTraced()) propagation.inject(propagation.deleteBaggage(context.active()), all)
  return all
}
