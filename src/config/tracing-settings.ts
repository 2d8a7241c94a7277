// The settings of OpenTelemetry's specification that turn traces on and say where they go. They are the standard's, not ours: their names
// are in no list of ours, and most are read by the SDK itself. What is checked here would else fail without a word, or at the first span.
import { isHttpUrl } from './formats.js'
import type { Environment } from './reader.js'

const exporters = ['otlp', 'console'] as const
const protocols = ['http/protobuf', 'http/json'] as const
const propagators = ['tracecontext', 'baggage'] as const
const samplers = [
  ...['always_on', 'always_off', 'traceidratio'],
  ...['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'],
]

export type TracingSettings = Readonly<{
  exporters: readonly (typeof exporters)[number][]
  protocol: (typeof protocols)[number]
  propagators: readonly (typeof propagators)[number][]
}>

type Report = (name: string, problem: string) => void
/** The text of a setting; undefined where it is empty, which the specification takes for unset. */
type Text = (name: string) => string | undefined

const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
const pairs = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_RESOURCE_ATTRIBUTES']

/**
 * Null where nothing turns traces on: neither an exporter nor an endpoint is named, the exporter is `none`, or OTEL_SDK_DISABLED is true.
 * @param report told of each setting that would not do what it says, never of its value
 */
export function parseTracing(environment: Environment, report: Report): TracingSettings | null {
  const text: Text = (name) => environment[name]?.trim() || undefined
  const named = text('OTEL_TRACES_EXPORTER') ?? (endpoints.some(text) ? 'otlp' : 'none')
  // Of this one the specification says that nothing but "true", in whatever case, turns it off.
  if (named === 'none' || text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null
  const chosen = listOf(named, exporters)
  if (chosen === null) report('OTEL_TRACES_EXPORTER', 'must be otlp, console, both, or none')
  checkTarget(text, report)
  checkSampler(text, report)
  return { exporters: chosen ?? [], protocol: readProtocol(text, report), propagators: readPropagators(text, report) }
}

function checkTarget(text: Text, report: Report): void {
  for (const name of endpoints) {
    if (!isHttpUrl(text(name) ?? 'http://unset')) report(name, 'must be a URL that begins with http:// or https://')
  }
  for (const name of pairs) {
    if (!isListOfPairs(text(name))) report(name, 'must be a list like key1=value1,key2=value2, percent-encoded')
  }
}

function readProtocol(text: Text, report: Report): TracingSettings['protocol'] {
  const names = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']
  const name = names.find(text)
  if (name === undefined) return 'http/protobuf'
  const protocol = protocols.find((one) => one === text(name))
  if (protocol === undefined) report(name, 'must be http/protobuf or http/json; grpc is not spoken')
  return protocol ?? 'http/protobuf'
}

function readPropagators(text: Text, report: Report): TracingSettings['propagators'] {
  const value = text('OTEL_PROPAGATORS') ?? propagators.join(',')
  if (value === 'none') return []
  const chosen = listOf(value, propagators)
  if (chosen === null) report('OTEL_PROPAGATORS', 'must be tracecontext, baggage, both, or none')
  return chosen ?? []
}

function checkSampler(text: Text, report: Report): void {
  const sampler = text('OTEL_TRACES_SAMPLER')
  if (sampler === undefined) return
  if (!samplers.includes(sampler)) report('OTEL_TRACES_SAMPLER', `must be one of ${samplers.join(', ')}`)
  const share = text('OTEL_TRACES_SAMPLER_ARG')
  const isShare = share === undefined || (/^\d*\.?\d+$/.test(share) && Number(share) <= 1)
  if (sampler.endsWith('ratio') && !isShare) report('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1')
}

/** Null where one of them is none of these. */
function listOf<const Option extends string>(value: string, options: readonly Option[]): readonly Option[] | null {
  const items = [...new Set(value.split(',').map((item) => item.trim()))]
  const accepted = items.flatMap((item) => options.find((option) => option === item) ?? [])
  return accepted.length === items.length ? accepted : null
}

function isListOfPairs(value = ''): boolean {
  try {
    return value === '' || value.split(',').every((pair) => /^\s*[^=\s]+\s*=/.test(decodeURIComponent(pair)))
  } catch {
    return false
  }
}
