// The page at /sign-in, and its files.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Return, type ReturnQuery, readReturn } from '../auth/return-to.js'
import type { Config } from '../config/config.js'
import { cookiesOf } from '../http/headers.js'
import { requestedLanguages } from '../http/languages.js'
import { mediaTypes } from '../http/memory-files.js'
import { pageHeaders, serveAssets } from './assets-routes.js'
import { type PageConfig, pageDocument, refusalDocument, widgetOf } from './document.js'
import { bundledPage, readPageFiles } from './page-files.js'
import { pageTextFor } from './texts.js'

export type SignInPageOptions = Readonly<{
  config: Pick<Config, 'mode' | 'publicUrl' | 'page' | 'challenges' | 'messages' | 'otp' | 'identifiers' | 'passkeys'>
  cookieName: string
  /** the bundle, in place of the one that was built */
  folder?: string | undefined
}>

/** Parameters that mean something; each may come once (RFC 6749 §3.1). Others are of no interest. */
const parameters = ['return_to', 'state', 'code_challenge', 'code_challenge_method', 'lang'] as const

export async function signInPage(app: FastifyInstance, options: SignInPageOptions): Promise<void> {
  const { config, cookieName, folder = bundledPage } = options
  const { page, challenges, messages, publicUrl } = config
  const { brand, returnToOrigins: origins } = page
  const files = await readPageFiles(folder, brand)
  const { version, preload } = files
  const headers = pageHeaders(challenges.provider)
  if (page.faintOn.length > 0) {
    app.log.warn(
      { color: brand.color, schemes: page.faintOn },
      'BRAND_COLOR cannot be read on the sign-in page (WCAG 2.2, 1.4.3): a darker or lighter shade is shown there',
    )
  }

  serveAssets(app, 'sign-in', files, headers)

  const challenge = widgetOf(challenges)
  const configFor = (request: FastifyRequest, language: string, back: Return): PageConfig => ({
    name: brand.name,
    logo: brand.logoUrl,
    color: brand.color,
    flow: page.flow,
    country: config.identifiers.defaultCountry,
    language,
    codeLength: config.otp.length,
    passkeys: config.passkeys !== null,
    mayBeSignedIn: cookiesOf(request, cookieName).length > 0,
    challenge,
    ...returnOf(back),
  })

  app.get('/sign-in', { schema: { hide: true } }, async (request, reply) => {
    const { query, twice } = readQuery(request.query)
    const asked = query.lang === undefined ? [] : requestedLanguages({ 'accept-language': query.lang })
    const text = pageTextFor([...asked, ...requestedLanguages(request.headers)], messages.defaultLocale)
    const parts = { text, brand: brand.name, logo: brand.logoUrl, version, preload }
    const ownOrigins = publicUrl === undefined ? originsOf(request.headers.host) : [publicUrl]
    const back = twice === undefined ? readReturn(query, { ownOrigins, origins }) : refusedTwice(twice)
    reply.headers({ ...headers, 'content-language': text.locale }).type(mediaTypes.html)
    if (back.kind !== 'refused') return pageDocument(parts, configFor(request, text.locale, back))
    request.log.warn({ why: back.why }, 'refused a return from the sign-in page')
    return reply.code(400).send(refusalDocument(parts, back.why))
  })

  app.get('/sign-in/', { schema: { hide: true } }, async ({ raw }, reply) => {
    const [, search = ''] = /(\?.*)$/.exec(String(raw.url)) ?? []
    return reply.redirect(`../sign-in${search}`, 308)
  })
  if (config.mode === 'development') {
    app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('sign-in', 302))
  }
}

/** What the page has to know of a return. */
function returnOf(back: Return): Pick<PageConfig, 'returnTo' | 'state' | 'codeChallenge'> {
  const none = { returnTo: undefined, state: undefined, codeChallenge: undefined }
  if (back.kind === 'path') return { ...none, returnTo: back.path }
  if (back.kind !== 'origin') return none
  const { url: returnTo, state, codeChallenge } = back
  return { returnTo, state, codeChallenge }
}

const refusedTwice = (name: string) => ({ kind: 'refused', why: `${name} must be there once` }) as const

/** The parameters that are texts, and the first that came more than once. */
function readQuery(given: unknown): { query: ReturnQuery & { lang?: string }; twice: string | undefined } {
  const entries = parameters.map((name) => [name, Reflect.get(Object(given), name)] as const)
  const twice = entries.find(([, value]) => Array.isArray(value))?.[0]
  return { query: Object.fromEntries(entries.filter(([, value]) => typeof value === 'string')), twice }
}

/** How people may have reached a host: behind a proxy that ends TLS, our own scheme is not the one that they see. */
function originsOf(host: string | undefined): string[] {
  const isHost = host !== undefined && /^[\w.:[\]-]+$/.test(host) && URL.canParse(`http://${host}`)
  return isHost ? [`https://${host}`, `http://${host}`] : []
}
