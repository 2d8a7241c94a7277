// The settings of OpenTelemetry: what turns traces on, and which of them end the start.
import t from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { misspelledSettings } from '../../src/config/misspelled.js'
import { ConfigError } from '../../src/config/reader.js'
import { settings } from '../../src/config/table/table.js'
import { parseTracing } from '../../src/config/tracing-settings.js'
import { testSecrets } from '../support/app.js'

function parse(environment: Record<string, string>) {
  const problems: string[] = []
  const settings = parseTracing(environment, (name, problem) => problems.push(`${name} ${problem}`))
  return { settings, problems }
}

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com:4318' }

t.test('an exporter or an endpoint turns traces on', async (t) => {
  const defaults = { protocol: 'http/protobuf', propagators: ['tracecontext', 'baggage'] }
  for (const environment of [
    endpoint,
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' },
    { OTEL_TRACES_EXPORTER: 'otlp' },
    { ...endpoint, OTEL_SDK_DISABLED: 'yes' },
  ]) {
    t.strictSame(parse(environment), { settings: { exporters: ['otlp'], ...defaults }, problems: [] })
  }
  for (const environment of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'nonsense' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
    { ...endpoint, OTEL_SDK_DISABLED: 'True' },
  ]) {
    t.strictSame(parse(environment), { settings: null, problems: [] })
  }
})

t.test('what is said is heard', async (t) => {
  const environment = {
    ...endpoint,
    OTEL_TRACES_EXPORTER: 'console, otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_PROPAGATORS: 'tracecontext',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '.25',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20eA==,x=',
  }
  t.strictSame(parse(environment), {
    settings: { exporters: ['console', 'otlp'], protocol: 'http/json', propagators: ['tracecontext'] },
    problems: [],
  })
  t.strictSame(parse({ ...endpoint, OTEL_PROPAGATORS: 'none' }).settings?.propagators, [])
  t.strictSame(parse({ ...endpoint, OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: 'x' }).problems, [])
})

t.test('what would not be heard ends the start, by name and never by value', async (t) => {
  const wrong: [string, string][] = [
    ['OTEL_TRACES_EXPORTER', 'zipkin-secret'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector-secret:4318'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'secret=%'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=secret'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'secret'],
    ['OTEL_PROPAGATORS', 'b3'],
    ['OTEL_TRACES_SAMPLER', 'secret'],
  ]
  for (const [name, value] of wrong) {
    const { problems } = parse({ ...endpoint, [name]: value })
    t.match(problems, [new RegExp(`^${name} must be `)], name)
    t.notMatch(problems.join(), /secret/)
  }
  for (const share of ['1.5', 'x', '-1']) {
    const sampler = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: share }
    t.match(parse({ ...endpoint, ...sampler }).problems, [/^OTEL_TRACES_SAMPLER_ARG must be/])
  }
  const environment = {
    NODE_ENV: 'test',
    DATABASE_URL: 'postgresql://localhost/x',
    ...testSecrets,
    OTEL_TRACES_EXPORTER: 'x',
  }
  t.throws(
    () => parseConfig(environment),
    new ConfigError(['OTEL_TRACES_EXPORTER must be otlp, console, both, or none']),
  )
})

t.test('they are the standard’s: in no list of ours, and no misspelling of one', async (t) => {
  t.strictSame(
    Object.keys(settings).filter((name) => name.startsWith('OTEL_')),
    [],
  )
  t.strictSame(
    misspelledSettings({ OTEL_TTL: '1', OTEL_LENGTH: '1', OTEL_PROPAGATORS: 'x', OTEL_LOG_LEVEL: 'info' }),
    [],
  )
})
