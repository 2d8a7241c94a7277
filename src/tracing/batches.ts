// Requests that share a call of the database (database/batches.ts) are of as many traces. Each has a span for its wait and its answer; the
// call has one of its own, in the trace of the first request that is sampled, with links to all of them, and they have a link to it.
import { context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { endedWith, isTraced, tracer } from './tracer.js'

/** The span of a request that waits for a batch; undefined where it is of no trace. */
export function startWaiting(name: string): Span | undefined {
  if (!isTraced()) return undefined
  const active = context.active()
  return trace.getSpan(active) && tracer().startSpan(name, {}, active)
}

/** A request of a batch: its span, and the milliseconds that it has waited. */
export type Member = Readonly<{ span: Span | undefined; wait: number }>

/** Carries a batch within a span of its own; in no request's context where none of its requests is of a trace. */
export function inBatchSpan<Result>(
  name: string,
  members: readonly Member[],
  work: () => Promise<Result>,
): Promise<Result> {
  if (!isTraced()) return work()
  const spans = members.flatMap(({ span }) => span ?? [])
  // Sampled where one of them is.
  const parent = spans.find((span) => span.isRecording()) ?? spans[0]
  if (parent === undefined) return context.with(ROOT_CONTEXT, work)
  const size = members.length
  const batch = tracer().startSpan(
    `${name} batch`,
    {
      attributes: { 'latchkey.batch.size': size },
      links: spans.map((span) => ({ context: span.spanContext() })),
    },
    trace.setSpan(ROOT_CONTEXT, parent),
  )
  for (const { span, wait } of members) {
    span?.addLink({ context: batch.spanContext() })
    span?.setAttributes({ 'latchkey.batch.size': size, 'latchkey.batch.wait_ms': Math.round(wait * 10) / 10 })
  }
  return endedWith(batch, () => context.with(trace.setSpan(ROOT_CONTEXT, batch), work))
}
