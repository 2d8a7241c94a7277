// deploy/chart/values.schema.json: what the values of the chart may be. The settings are of the table; the rest is said here.
import type { Setting } from '../../config/table/setting.js'
import { settingNames, settings } from '../../config/table/table.js'
import { secretNames, settingsSchema } from './schema.js'

/** What the chart decides by itself: the port is that of its Service, and there is production alone. */
const ofTheChart = ['NODE_ENV', 'PORT']

const text = { type: 'string' }
const flag = { type: 'boolean' }
const seconds = (maximum: number) => ({ type: 'integer', minimum: 0, maximum })
const count = (maximum: number) => ({ type: 'integer', minimum: 1, maximum })
const port = count(65_535)
/** What goes into a manifest as it is: Kubernetes itself says what it may be. */
const ofKubernetes = { type: 'object' }
const listOf = (items: object) => ({ type: 'array', items })
/** Of labels and annotations: texts alone, since Kubernetes takes nothing else. */
const texts = { type: 'object', additionalProperties: text }

function only(properties: Readonly<Record<string, object>>, required: readonly string[] = []) {
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 && { required }) }
}

/** Where a secret is: never the secret. */
const reference = only({
  secret: { ...text, minLength: 1, description: 'The name of the Secret; existingSecret unless said otherwise.' },
  key: { ...text, minLength: 1, description: 'Its key; the name of the setting unless said otherwise.' },
})

function references(names: readonly string[], required: readonly string[] = []) {
  const described = names.map((name) => {
    const { about } = settings[name as keyof typeof settings]
    return [name, { description: `Where this secret is, by reference. ${about}`, ...reference }]
  })
  return only(Object.fromEntries(described), required)
}

/** Secrets that the service does not start without. */
function requiredSecrets(): readonly string[] {
  return secretNames().filter(
    (name) => (settings[name as keyof typeof settings] as Setting).required === 'in production',
  )
}

/** The whole file. */
export function chartSchema(): string {
  const ofSettings = settingsSchema()
  const free = Object.entries(ofSettings.properties).filter(([name]) => !ofTheChart.includes(name))
  const isSetting = { enum: settingNames.flatMap((name) => [name, `${name}_FILE`]) }
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart of Latchkey',
    description: 'Written by npm run settings.',
    ...only({
      global: { ...ofKubernetes, description: 'Of the chart that has this one as a part. Nothing here reads it.' },
      image: only({
        repository: { ...text, minLength: 1 },
        tag: text,
        digest: { ...text, pattern: '^(sha256:[0-9a-f]{64})?$' },
        pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
      }),
      imagePullSecrets: listOf(only({ name: text }, ['name'])),
      fullnameOverride: { ...text, pattern: '^([a-z]([-a-z0-9]{0,42}[a-z0-9])?)?$' },
      settings: { ...ofSettings, properties: Object.fromEntries(free) },
      existingSecret: { ...text, minLength: 1 },
      secrets: references(secretNames(), requiredSecrets()),
      secretsAs: { enum: ['files', 'environment'] },
      extraEnvironment: listOf({
        type: 'object',
        required: ['name'],
        properties: { name: { ...text, pattern: '^[A-Za-z_][A-Za-z0-9_]*$', not: isSetting } },
      }),
      extraVolumes: listOf(ofKubernetes),
      extraVolumeMounts: listOf(ofKubernetes),
      migrations: only({
        enabled: flag,
        secrets: references(['DATABASE_URL', 'DIRECT_DATABASE_URL']),
        role: flag,
        activeDeadlineSeconds: count(86_400),
        resources: ofKubernetes,
      }),
      replicas: { type: 'integer', minimum: 0, maximum: 1000 },
      autoscaling: only({
        enabled: flag,
        minReplicas: count(1000),
        maxReplicas: count(1000),
        targetCPUUtilization: count(1000),
      }),
      resources: ofKubernetes,
      podDisruptionBudget: only({ enabled: flag, maxUnavailable: count(1000) }),
      preStopSeconds: seconds(300),
      serviceAccount: only({ create: flag, name: text, annotations: texts }),
      service: only({ type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] }, port, annotations: texts }),
      ingress: only({
        enabled: flag,
        className: text,
        annotations: texts,
        hosts: listOf({ ...text, minLength: 1 }),
        tls: listOf(only({ secretName: text, hosts: listOf(text) })),
      }),
      networkPolicy: only({
        enabled: flag,
        ingressFrom: listOf(ofKubernetes),
        egressPorts: listOf(port),
        extraEgress: listOf(ofKubernetes),
      }),
      metrics: only({
        serviceMonitor: only({ enabled: flag, interval: { ...text, pattern: '^[1-9][0-9]*(ms|s|m)$' }, labels: texts }),
        prometheusRule: only({ enabled: flag, labels: texts }),
      }),
      cleanup: only({ enabled: flag, schedule: { ...text, minLength: 9 }, resources: ofKubernetes }),
      podAnnotations: texts,
      podLabels: texts,
      nodeSelector: texts,
      tolerations: listOf(ofKubernetes),
      affinity: ofKubernetes,
      priorityClassName: text,
      topologyKeys: listOf(text),
    }),
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}
