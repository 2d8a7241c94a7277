// Which other sites' pages may call the service, and what cookies that reach that far must be like.
import type { Mode, SettingReader } from './reader.js'
import { isConfidentialUrl, parseUrl } from './urls.js'

export type CrossOriginSettings = ReturnType<typeof readCrossOriginSettings>

/** @param mode `*` and plain HTTP are for development and test */
export function readCrossOriginSettings(read: SettingReader, mode: Mode) {
  const isAllowed = (item: string): item is string => {
    if (item === '*') return mode !== 'production'
    const url = parseUrl(item)
    // Exactly as a browser writes an Origin (RFC 6454 §6.2): a path, a capital letter or a pattern would never match one.
    const isOrigin = url !== null && /^https?:\/\/[^*]+$/.test(item) && url.origin === item
    return isOrigin && (mode !== 'production' || isConfidentialUrl(url))
  }
  const expected =
    'origins such as https://app.example.com (https except on loopback; never null, in production never *)'
  const items = read.list('CORS_ORIGINS', [], expected, isAllowed)
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
