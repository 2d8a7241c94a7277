// The settings of the server: where it listens, who it is to the world, whom it believes, what it tells.
import { isIP } from 'node:net'
import { Cron } from 'croner'
import type { Mode, SettingReader } from './reader.js'
import { readBearerSecret } from './secrets.js'
import { isLoopbackHost, parseUrl } from './urls.js'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export function readServerSettings(read: SettingReader, mode: Mode) {
  return {
    host: read.text('HOST') ?? (mode === 'development' ? '127.0.0.1' : '0.0.0.0'),
    port: read.integer('PORT', 3000, { minimum: 0, maximum: 65_535 }),
    publicUrl: readPublicUrl(read, mode),
    trustProxy: readTrustProxy(read),
    logLevel: read.choice('LOG_LEVEL', 'info', logLevels),
    // A page that calls the API is for who builds with it: production shows it only where that is asked for.
    docs: read.flag('DOCS', mode !== 'production'),
    metricsToken: readBearerSecret(read, 'METRICS_TOKEN'),
    cleanupCron: readCron(read),
  }
}

function readPublicUrl(read: SettingReader, mode: Mode): string | undefined {
  const value = read.text('PUBLIC_URL')
  if (value === undefined) return undefined
  const url = parseUrl(value)
  const isOrigin = url !== null && ['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`
  if (!isOrigin) read.report('PUBLIC_URL', 'must be an origin such as https://login.example.com')
  else if (mode === 'production' && url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    read.report('PUBLIC_URL', 'must be https, except on loopback')
  }
  return url?.origin
}

/** IPs and CIDR blocks. A hop count or `true` would let any client choose its own address (GHSA-5847-rm3g-23mw). */
function readTrustProxy(read: SettingReader): readonly string[] {
  const isBlock = (item: string): item is string => {
    const [address = '', bits, ...rest] = item.split('/')
    const family = isIP(address)
    const bitsFit = bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    return family !== 0 && bitsFit && rest.length === 0
  }
  return read.list(
    'TRUST_PROXY',
    [],
    'IP addresses or CIDR blocks of your proxies (never true, never a number)',
    isBlock,
  )
}

function readCron(read: SettingReader): string {
  const pattern = read.text('CLEANUP_CRON') ?? '*/5 * * * *'
  try {
    const job = new Cron(pattern, { paused: true })
    // A date is one too, to croner: a cleanup that runs once.
    if (job.nextRuns(2).length < 2) throw new Error('runs no second time')
    job.stop()
  } catch {
    read.report('CLEANUP_CRON', 'must be a cron expression such as */5 * * * *')
  }
  return pattern
}
