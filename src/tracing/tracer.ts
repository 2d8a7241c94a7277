// Spans, by OpenTelemetry's API alone: where no SDK was registered (by sdk.ts, or by the application that has the service inside) nothing
// is made. No span holds an identifier, a code, a token, a parameter or an address: attributes are names, counts and patterns of ours.
import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

let isOn = false

/** Stands for a span where there is none: takes everything, and keeps nothing. */
const noSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

export const tracer = () => trace.getTracer('latchkey')

/**
 * Looks whether somebody has registered an SDK, which then hears of every request. To be called before the service is opened: what was
 * opened without one is not traced.
 */
export function findTracer(): boolean {
  // Also a span that is not sampled has ids where there is an SDK. This one is never ended, so that nobody hears of it.
  isOn = isSpanContextValid(tracer().startSpan('latchkey', { root: true }).spanContext())
  return isOn
}

/** Whether an SDK was found. */
export const isTraced = (): boolean => isOn

/** What a span is called, and what is known when it begins. */
export type SpanStart = Readonly<{ name: string; kind?: SpanKind; attributes?: Attributes }>

/** What calls somebody else: the database, a provider. */
export const client = SpanKind.CLIENT

/**
 * Does the work within a span of the request that is under way; where there is none (no SDK, or work of no request) without one.
 * @param work gets the span, for what is known only later
 */
export function inSpan<Result>(start: SpanStart, work: (span: Span) => Promise<Result>): Promise<Result> {
  const active = isOn ? context.active() : undefined
  if (active === undefined || trace.getSpan(active) === undefined) return work(noSpan)
  const { name, ...options } = start
  const span = tracer().startSpan(name, options, active)
  return endedWith(span, () => context.with(trace.setSpan(active, span), () => work(span)))
}

/** Ends the span when the work ends. Rejects as it does. */
export async function endedWith<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
  const result = work()
  const end = () => span.end()
  result.then(end, (error: unknown) => {
    fail(span, error)
    end()
  })
  return result
}

/** Notes that it failed. An error's message may quote what it was about, a number say: its code or its name has to do. */
export function fail(span: Span, error: unknown): void {
  const { code, name } = Object(error)
  span.setAttribute('error.type', String(code ?? name ?? typeof error))
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** The ids of the request that is under way, for lines of the log, by the names that OpenTelemetry gives them; none where there is none. */
export function traceIds(): Readonly<Record<string, string>> {
  const ids = trace.getSpanContext(context.active())
  return ids === undefined ? {} : { trace_id: ids.traceId, span_id: ids.spanId }
}

/** Does the work where spans belong to this context. */
export function within<Result>(where: Context | null, work: () => Result): Result {
  return where === null ? work() : context.with(where, work)
}
