// OpenTelemetry's SDK, loaded only where the settings turn traces on: beside it the service is as it was. It reads the rest of the
// standard's settings itself (docs/tracing.md).
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { context, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api'
import type { TracingSettings } from '../config/tracing-settings.js'

export type TracingOptions = Readonly<{
  settings: TracingSettings
  /** of the product */
  version: string
  /** told what the SDK has to say: a collector that does not answer, say */
  onWarning: (message: string) => void
  /** milliseconds that a stop waits for spans to go out */
  patience?: number
}>

/**
 * From now on spans go where the settings say.
 * @returns what sends those that are left, and ends it
 */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { settings, version, onWarning, patience = 3_000 } = options
  const warn = (message: string) => onWarning(message)
  // What is below WARN does not come here.
  diag.setLogger(
    { error: warn, warn, info: warn, debug: warn, verbose: warn },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
  const provider = new NodeTracerProvider({
    resource: await createResource(version),
    spanProcessors: await Promise.all(settings.exporters.map((name) => createProcessor(name, settings.protocol))),
  })
  provider.register({ propagator: await createPropagator(settings.propagators) })
  return async () => {
    const ended = provider.shutdown().then(() => undefined, String)
    const late = setTimeout(patience, 'the last spans did not go out in time', { ref: false })
    const fault = await Promise.race([ended, late])
    if (fault !== undefined) warn(fault)
    for (const api of [trace, context, propagation, diag]) api.disable()
  }
}

/** The environment has the last word: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES. */
async function createResource(version: string) {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await import(
    '@opentelemetry/resources'
  )
  const ours = { 'service.name': 'latchkey', 'service.version': version, 'service.instance.id': randomUUID() }
  const told = detectResources({ detectors: [envDetector] })
  return defaultResource().merge(resourceFromAttributes(ours)).merge(told)
}

async function createProcessor(exporter: 'otlp' | 'console', protocol: TracingSettings['protocol']) {
  const sdk = await import('@opentelemetry/sdk-trace-node')
  if (exporter === 'console') return new sdk.SimpleSpanProcessor(new sdk.ConsoleSpanExporter())
  const { OTLPTraceExporter } = await (protocol === 'http/json'
    ? import('@opentelemetry/exporter-trace-otlp-http')
    : import('@opentelemetry/exporter-trace-otlp-proto'))
  return new sdk.BatchSpanProcessor(new OTLPTraceExporter())
}

async function createPropagator(names: TracingSettings['propagators']) {
  const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = await import('@opentelemetry/core')
  const made = { tracecontext: () => new W3CTraceContextPropagator(), baggage: () => new W3CBaggagePropagator() }
  return new CompositePropagator({ propagators: names.map((name) => made[name]()) })
}
