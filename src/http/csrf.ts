// Keeps other sites from using a person's cookies, or from signing the person in as somebody else (login CSRF).
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { Problem } from '../errors.js'
import { maskPersonalData } from './logger.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** for routes that can set a cookie: they are held to the rule also where none came along */
    setsCookies?: true
  }
}

export type SitePolicy = Readonly<{
  /** where people reach us, if that is known */
  publicOrigin: string | undefined
  /** of other sites that may call with cookies */
  allowedOrigins: readonly string[]
}>

/** What a browser says of the page that a request comes from: the headers Origin, Sec-Fetch-Site and Host. */
export type RequestSource = Readonly<{
  origin: string | undefined
  fetchSite: string | undefined
  host: string | undefined
}>

/**
 * Whether a request comes from a page of another site. Browsers send `Origin` with every unsafe request (Fetch §3.2), and no
 * page can forge or drop it; who sends neither header is no browser. `same-site` is not enough: a neighbour's subdomain is
 * that too. A value of Sec-Fetch-Site that nobody knows says nothing (Fetch Metadata §2.4).
 */
export function isCrossSite({ origin, fetchSite, host }: RequestSource, policy: SitePolicy): boolean {
  if (origin !== undefined && policy.allowedOrigins.includes(origin)) return false
  if (fetchSite === 'cross-site') return true
  if (origin === undefined) return false
  return policy.publicOrigin === undefined ? !isOriginOfHost(origin, host) : origin !== policy.publicOrigin
}

/**
 * Whether an origin names the host that was asked. Only the host: behind a proxy that ends TLS our own scheme is not the one that
 * people see. What is lost by that, a page on plain HTTP of the same host, is what Strict-Transport-Security is sent for.
 * `X-Forwarded-Host` is not looked at, since whoever reaches us can write it.
 */
function isOriginOfHost(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:\/\//.exec(origin)?.[0]
  const ours = `${scheme}${host}`
  return scheme !== undefined && host !== undefined && URL.canParse(ours) && new URL(ours).origin === origin
}

/** What the caller hears. Behind a proxy that changes Host, it is the operator who has to mend it. */
export const crossSite = {
  errors: [
    'This call comes from a page of another site. The operator: set PUBLIC_URL to the origin that people see, or name the page’s origin in CORS_ORIGINS',
  ],
} as const

/** Characters of a header that are logged: more is nobody's origin. */
const maxLogged = 100

/** What was seen and what was expected, for the log. */
function refusalOf({ origin, fetchSite, host }: RequestSource, { publicOrigin, allowedOrigins }: SitePolicy) {
  const seen = (value: string | undefined) => value && maskPersonalData(value.slice(0, maxLogged))
  const ours = publicOrigin ?? `http(s)://${seen(host)}, after the header Host, since PUBLIC_URL is not set`
  return { origin: seen(origin), fetchSite: seen(fetchSite), expected: [ours, ...allowedOrigins] }
}

/**
 * For what only our own pages may ask for: an `onRequest` hook that also refuses pages of CORS_ORIGINS.
 * @param publicOrigin where people reach us, if that is known
 */
export function refuseOtherPages(publicOrigin: string | undefined): onRequestHookHandler {
  const policy = { publicOrigin, allowedOrigins: [] }
  return (request, _reply, done) => {
    const { origin, host, 'sec-fetch-site': site } = request.headers
    const source = { origin, fetchSite: site?.toString(), host }
    if (!isCrossSite(source, policy)) return done()
    request.log.warn(refusalOf(source, policy), 'refused a call from another site')
    done(new Problem('cross_site', { errors: ['Only the sign-in page itself may ask for this'] }))
  }
}

const safeMethods = ['GET', 'HEAD', 'OPTIONS']

/**
 * Holds every unsafe request to the rule that carries one of our cookies or may get one: `cross_site`, before its body is read and
 * anything is looked up. To be registered once, on the server itself, after the cookies.
 * @param cookieNames all that we ever set
 */
export function useCsrfProtection(app: FastifyInstance, policy: SitePolicy, cookieNames: readonly string[]): void {
  const isHeld = ({ method, routeOptions, cookies, headers }: FastifyRequest) => {
    if (safeMethods.includes(method)) return false
    if (cookieNames.some((name) => Object.hasOwn(cookies, name))) return true
    // Bearer alone: no page can send that header to another site unless CORS lets it.
    return routeOptions.config.setsCookies === true && !/^Bearer /i.test(headers.authorization ?? '')
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { origin, host, 'sec-fetch-site': site } = request.headers
    const source = { origin, fetchSite: site?.toString(), host }
    if (!isHeld(request) || !isCrossSite(source, policy)) return done()
    request.log.warn(refusalOf(source, policy), 'refused a call from another site')
    done(new Problem('cross_site', crossSite))
  })

  // The net below: a new route that sets cookies and does not say so fails at its first test.
  app.addHook('onSend', (request, reply, _payload, done) => {
    // Answers of hooks before ours set none, and come before the cookies are read.
    if (safeMethods.includes(request.method) || !reply.hasHeader('set-cookie')) return done()
    if (request.routeOptions.config.setsCookies === true || isHeld(request)) return done()
    reply.removeHeader('set-cookie')
    done(new Error(`${request.method} ${request.routeOptions.url} sets a cookie: its config needs setsCookies`))
  })
}
