// The settings of the server: where it listens, who it is to the world, whom it believes, what it tells.
import { isIP } from 'node:net'
import { Cron } from 'croner'
import { isConfidentialUrl, isLoopbackHost, parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'
import { parseBearerSecret } from './secrets.js'
import type { OptionOf } from './table/table.js'

/** In which proxies may name clients. */
export type ProxyHeader = OptionOf<'PROXY_HEADER'>

export function parseServerSettings(read: SettingReader) {
  return {
    host: read.text('HOST'),
    port: read.integer('PORT'),
    publicUrl: readPublicUrl(read),
    trustProxy: readTrustProxy(read),
    proxyHeader: read.choice('PROXY_HEADER'),
    logLevel: read.choice('LOG_LEVEL'),
    docs: read.flag('DOCS'),
    metricsToken: parseBearerSecret(read, 'METRICS_TOKEN'),
    cleanupCron: readCron(read),
  }
}

function readPublicUrl(read: SettingReader): string | undefined {
  const value = read.text('PUBLIC_URL')
  if (value === undefined) return undefined
  const url = parseUrl(value)
  const isOrigin = url !== null && ['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`
  if (!isOrigin) read.refuse('PUBLIC_URL')
  else if (read.mode === 'production' && url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
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
  return read.list('TRUST_PROXY', isBlock)
}

function readCron(read: SettingReader): string {
  const pattern = read.text('CLEANUP_CRON')
  try {
    const job = new Cron(pattern, { paused: true })
    // A date is one too, to croner: a cleanup that runs once.
    if (job.nextRuns(2).length < 2) throw new Error('runs no second time')
    job.stop()
  } catch {
    read.refuse('CLEANUP_CRON')
  }
  return pattern
}

// Which other sites' pages may call the service, and what cookies that reach that far must be like.

export type CrossOriginSettings = ReturnType<typeof parseCrossOriginSettings>

/**
 * What hybrid apps' web views write as Origin: `capacitor://localhost`, `ionic://localhost`, `tauri://localhost`. To the URL Standard
 * the origin of such a URL is opaque, so they are compared as the text that they are.
 */
const ofApps =
  /^(?!https?:|wss?:|ftp:|file:|data:|blob:|javascript:)[a-z][a-z\d+.-]{1,40}:\/\/[a-z\d](?:[a-z\d._-]{0,250}[a-z\d])?(?::\d{1,5})?$/

/** `*` and plain HTTP are for development and test. */
export function parseCrossOriginSettings(read: SettingReader) {
  const isAllowed = (item: string): item is string => {
    if (item === '*') return read.mode !== 'production'
    if (ofApps.test(item)) return true
    const url = parseUrl(item)
    // Exactly as a browser writes an Origin (RFC 6454 §6.2): a path, a capital letter or a pattern would never match one.
    const isOrigin = url !== null && /^https?:\/\/[^*]+$/.test(item) && url.origin === item
    // RFC 6761 §6.3: no name below `localhost` leaves the machine. Tauri's pages are at one where no scheme of its own can be had.
    const isNear = isOrigin && (isConfidentialUrl(url) || url.hostname.endsWith('.localhost'))
    return isOrigin && (read.mode !== 'production' || isNear)
  }
  const items = read.list('CORS_ORIGINS', isAllowed)
  return {
    /** may call with cookies */
    origins: items.filter((item) => item !== '*'),
    /** whether pages of any site may call, without cookies */
    allowsAnyOrigin: items.includes('*'),
  }
}

type CookieReach = Readonly<{ cookieSameSite: 'lax' | 'strict' | 'none'; secureCookies: boolean }>

/** A cookie that goes along from other sites needs sites to come from, and `Secure` (RFC 6265bis §5.7 drops it otherwise). */
export function refuseStrayCookies(read: SettingReader, { origins }: CrossOriginSettings, cookies: CookieReach): void {
  if (cookies.cookieSameSite !== 'none') return
  if (origins.length === 0) read.report('COOKIE_SAMESITE', 'must not be none unless CORS_ORIGINS names the other sites')
  if (!cookies.secureCookies) {
    read.report(
      'COOKIE_SAMESITE',
      'must not be none in development unless COOKIE_NAME starts with __Host- or __Secure-',
    )
  }
}
