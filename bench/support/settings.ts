// The settings that every server of the benchmark gets: those of the service in production, with limits that are higher than a
// single client's load, and none of them off.
import { generateKeyPairSync, randomBytes } from 'node:crypto'

export type Settings = Readonly<Record<string, string>>

/** The highest that the settings take. */
const high = '999999999'

const raisedLimits = {
  IP_SEND_PER_HOUR: high,
  IP_VERIFY_PER_10_MIN: high,
  IP_UNKNOWN_PER_HOUR: high,
  FLOOD_PER_MINUTE: high,
  SMS_BUDGET_PER_HOUR: high,
  SMS_BUDGET_PER_DAY: high,
  BREAKER_MIN_SENDS: high,
  OTP_MAX_SENDS_PER_HOUR: '1000000',
  OTP_MAX_SENDS_PER_DAY: '1000000',
  OTP_MAX_ATTEMPTS: '10',
  OTP_MAX_FAILURES_PER_DAY: '100',
  OTP_TTL: '600',
}

/** Secrets of this run, the same for every server: replicas share them. */
const secrets = {
  JWT_PRIVATE_KEY: newKey(),
  OTP_PEPPER: randomBytes(32).toString('base64'),
  SENDER_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export function serverSettings(databaseUrl: string, gatewayUrl: string, port: number, pool: number): Settings {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: String(pool),
    // The generator is the proxy: it says from which of many addresses each request comes.
    TRUST_PROXY: '127.0.0.1',
    SMS_DRIVERS: 'webhook',
    EMAIL_DRIVERS: 'webhook',
    SENDER_WEBHOOK_URL: gatewayUrl,
    ...secrets,
    ...raisedLimits,
  }
}
