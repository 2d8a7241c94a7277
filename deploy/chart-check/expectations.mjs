// What certain values have to come to: which objects there are, how settings are written, what changes with them.

const always = ['ConfigMap', 'Deployment', 'Service']
const usual = [...always, 'HorizontalPodAutoscaler', 'Job', 'NetworkPolicy', 'PodDisruptionBudget', 'ServiceAccount']

/** By the case. */
const kinds = {
  'chart/ci/little-values.yaml': always,
  'chart/ci/least-values.yaml': usual,
  'kubernetes/values.yaml': usual,
  'chart/ci/everything-values.yaml': [...usual, 'CronJob', 'Ingress', 'PrometheusRule', 'ServiceMonitor'],
}

/** Of ci/everything-values.yaml: what YAML and Helm make other things of than what was meant. */
const written = {
  BREAKER_MIN_VERIFIED: '0.05',
  CHALLENGE: 'off',
  EMAIL_FROM: 'Latchkey <codes@example.com>',
  OTP_MAX_SENDS_PER_DAY: '1000000',
  OTP_TTL: '300',
  RECYCLE_AFTER: 'off',
  SENDER_WEBHOOK_URL: 'https://gateway.example.com/codes?a=1&b=2',
  SIGN_IN_PAGE: 'on',
  SMS_COUNTRIES: 'IN,US,NO',
  TRUST_PROXY: '10.0.0.0/8,192.0.2.7',
  TWILIO_FROM: '+15005550006',
}

/** Cases beside the others, on top of ci/least-values.yaml. */
export const variants = {
  'another setting': 'settings: { OTP_LENGTH: 7 }',
  'another label': 'podLabels: { team: auth }',
}

/**
 * @param resultOf the objects of a case
 * @returns {Array<[name: string, holds: boolean, found: unknown]>}
 */
export function expectations(resultOf) {
  const one = (name, kind) => resultOf(name).find((object) => object.kind === kind)
  const everything = 'chart/ci/everything-values.yaml'
  const texts = one(everything, 'ConfigMap').data
  const wrong = Object.entries(written).filter(([name, value]) => texts[name] !== value)
  const checksum = (name) => one(name, 'Deployment').spec.template.metadata.annotations?.['checksum/settings']
  const environment = (name) => one(name, 'Deployment').spec.template.spec.containers[0].env
  const { image } = one(everything, 'Deployment').spec.template.spec.containers[0]
  const job = one(everything, 'Job').spec.template.spec
  const migrates = [...job.initContainers, ...job.containers].flatMap(({ env }) => env.map(({ name }) => name))
  const commands = [...job.initContainers, ...job.containers].map(({ command }) => command.join(' '))
  return [
    ...Object.entries(kinds).map(([name, expected]) => {
      const there = resultOf(name).map(({ kind }) => kind)
      return [`${name}: has its objects and no other`, there.sort().join() === [...expected].sort().join(), there]
    }),
    ['settings are written as the service reads them', wrong.length === 0, wrong.map(([name]) => [name, texts[name]])],
    ['another setting makes other pods', checksum('another setting') !== checksum('chart/ci/least-values.yaml'), ''],
    ['anything else does not', checksum('another label') === checksum('chart/ci/least-values.yaml'), ''],
    ['secrets are files', environment(everything).every(({ valueFrom }) => valueFrom === undefined), ''],
    ['or variables, by reference', environment('chart/ci/little-values.yaml').every(({ valueFrom }) => valueFrom), ''],
    ['a digest wins over a tag', /latchkey@sha256:[0-9a-f]{64}$/.test(image), image],
    [
      'after the migrations the role of the service gets its rights',
      commands.join() === 'latchkey migrate,latchkey init --database',
      commands,
    ],
    [
      'migrations know the database alone',
      migrates.filter((name) => !/^(NODE_ENV|OTEL_.*|(DIRECT_)?DATABASE_URL_FILE)$/.test(name)).length === 0,
      migrates,
    ],
  ]
}
