// What a cluster would hold beside the chart: Secrets, and how a container gets at their keys and at the ConfigMap.
import { generateKeyPairSync } from 'node:crypto'

const database = 'postgresql://latchkey:password@db.example.com/latchkey'
const owner = 'postgresql://owner:password@db.example.com/latchkey'
const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })

/** By the name of the Secret, then by the key. */
export const secrets = {
  latchkey: {
    DATABASE_URL: database,
    JWT_PRIVATE_KEY: String(pem),
    OTP_PEPPER: 'a pepper of thirty-two bytes and more',
    EVENT_KEY: 'an event key of thirty-two bytes and more',
    METRICS_TOKEN: 'a-token-of-thirty-two-bytes-and-more',
    REDIS_URL: 'rediss://redis.example.com:6379',
    SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    SMTP_URL: 'smtps://user:password@mail.example.com',
  },
  'latchkey-app': { uri: database },
  'latchkey-owner': { uri: owner, DIRECT_DATABASE_URL: owner },
  twilio: { token: 'a token of Twilio, which has 32 signs' },
  mail: { url: 'smtps://user:password@mail.example.com' },
}

/**
 * The environment of a container as the kubelet would make it, and the files of its Secrets.
 * @returns {{ environment: Record<string, string>, files: Record<string, string>, faults: string[] }}
 */
export function environmentOf(container, pod, objects) {
  const faults = []
  const keyOf = (name, key, of) => {
    const value = secrets[name]?.[key]
    if (value === undefined) faults.push(`${of}: the Secret ${name} has no key ${key}`)
    return value
  }
  return {
    environment: { ...mapsOf(container, objects, faults), ...variablesOf(container, keyOf) },
    files: filesOf(container, pod, keyOf, faults),
    faults,
  }
}

function mapsOf({ envFrom = [] }, objects, faults) {
  const found = envFrom.map(({ configMapRef: { name } }) => {
    const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)
    if (map === undefined) faults.push(`there is no ConfigMap ${name}`)
    return map?.data
  })
  return Object.assign({}, ...found)
}

function variablesOf({ env = [] }, keyOf) {
  const textOf = ({ name, value, valueFrom }) =>
    valueFrom === undefined ? value : keyOf(valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key, name)
  return Object.fromEntries(env.map((each) => [each.name, textOf(each)]))
}

function filesOf({ volumeMounts = [] }, { volumes = [] }, keyOf, faults) {
  const found = volumeMounts.flatMap(({ name, mountPath }) => {
    const volume = volumes.find((each) => each.name === name)
    if (volume === undefined) faults.push(`there is no volume ${name}`)
    return (volume?.projected?.sources ?? []).flatMap(({ secret }) =>
      secret.items.map(({ key, path }) => [`${mountPath}/${path}`, keyOf(secret.name, key, path)]),
    )
  })
  return Object.fromEntries(found)
}
