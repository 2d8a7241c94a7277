// The documents at /sign-in and /admin: the pages, and what stands in place of the first where a link asks for a return that is not
// allowed.
import type { ChallengeSettings } from '../config/challenge-settings.js'
import { escapeHtml } from '../http/html.js'
import type { Spoken } from './texts.js'

type Provider = 'turnstile' | 'hcaptcha'

/**
 * What the providers of widgets document: their script, and the hosts that a policy has to let in
 * (developers.cloudflare.com/turnstile/reference/content-security-policy, docs.hcaptcha.com#content-security-policy-settings).
 */
const widgets: Readonly<Record<Provider, { script: string; hosts: string[]; hasStyles: boolean }>> = {
  turnstile: {
    script: 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit',
    hosts: ['https://challenges.cloudflare.com'],
    hasStyles: false,
  },
  hcaptcha: {
    script: 'https://js.hcaptcha.com/1/api.js?render=explicit&recaptchacompat=off',
    hosts: ['https://hcaptcha.com', 'https://*.hcaptcha.com'],
    hasStyles: true,
  },
}

const hasWidget = (provider: ChallengeSettings['provider']): provider is Provider => Object.hasOwn(widgets, provider)

/** What the page has to know of a provider other than our own. */
export function widgetOf({ provider, site }: ChallengeSettings): PageConfig['challenge'] {
  return site && hasWidget(provider) ? { provider, siteKey: site.key, script: widgets[provider].script } : undefined
}

/** What packages/element/src/page.ts reads. What is undefined is left out. */
export type PageConfig = Readonly<{
  name: string
  /** a path of this origin */
  logo: string | undefined
  /** `#rrggbb` */
  color: string | undefined
  flow: 'identifier' | 'mobile'
  /** ISO 3166-1 alpha-2 */
  country: string
  /** BCP 47 */
  language: string
  codeLength: number
  passkeys: boolean
  /** false where the request brought no session */
  mayBeSignedIn: boolean
  /** of another provider than our own */
  challenge: Readonly<{ provider: Provider; siteKey: string; script: string }> | undefined
  /** a path of this origin, or a URL of another one that state and codeChallenge belong to */
  returnTo: string | undefined
  state: string | undefined
  codeChallenge: string | undefined
}>

/**
 * JSON inside of `<script>`: nothing in it ends the element or begins a comment (HTML Standard §4.12.1.3), and the two line ends that
 * JavaScript once had besides are none.
 */
export function inScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

type Parts = Readonly<{
  text: Spoken
  brand: string
  logo: string | undefined
  version: string
  /** scripts that the first one imports */
  preload: readonly string[]
  /** the one at /sign-in where not given */
  page?: 'sign-in' | 'admin'
  /** from the document to where the pages begin: `../` for each folder below */
  up?: string
}>

/** Relative, so that a proxy may serve all of it under a prefix. */
const assetsOf = ({ version, up = '', page = 'sign-in' }: Parts) => `${up}${page}/assets/${version}`

function documentOf(parts: Parts, head: string, body: string): string {
  const { text, brand, logo, page = 'sign-in' } = parts
  const assets = assetsOf(parts)
  const title = escapeHtml(`${page === 'admin' ? text.console : text.title} – ${brand}`)
  return `<!doctype html>
<html lang="${text.locale}" dir="${text.direction}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <meta name="description" content="${title}">
    <title>${title}</title>
    <link rel="icon" href="${escapeHtml(logo ?? `${assets}/icon.svg`)}">
    <link rel="stylesheet" href="${assets}/${page}.css">
${head}  </head>
  <body>
${body}  </body>
</html>
`
}

/** Of what stands there without the element. */
const noticeLink = (parts: Parts) => `<link rel="stylesheet" href="${assetsOf(parts)}/notice.css">`

/** The page: one element, set up by what stands in the document. */
export function pageDocument(parts: Parts, config: PageConfig): string {
  const assets = assetsOf(parts)
  const isConsole = parts.page === 'admin'
  return documentOf(
    parts,
    `    <noscript>${noticeLink(parts)}</noscript>
    <script type="application/json" id="latchkey-config">${inScript(config)}</script>
${parts.preload.map((name) => `    <link rel="modulepreload" href="${assets}/${name}">\n`).join('')}    <script type="module" src="${assets}/${isConsole ? 'admin' : 'sign-in'}.js"></script>
`,
    `    ${isConsole ? '<div id="latchkey"></div>' : '<main id="latchkey"></main>'}
    <noscript><p class="notice">${escapeHtml(parts.text.noScript)}</p></noscript>
`,
  )
}

/** @param why for whoever built the link, in English */
export function refusalDocument(parts: Parts, why: string): string {
  const { refused, refusedWhy } = parts.text
  return documentOf(
    parts,
    `    ${noticeLink(parts)}\n`,
    `    <main class="notice">
      <h1>${escapeHtml(refused)}</h1>
      <p>${escapeHtml(refusedWhy)}</p>
      <code lang="en">${escapeHtml(why)}</code>
    </main>
`,
  )
}

/** What the page may do: its own scripts, styles and calls, and what a widget needs. */
export function pagePolicy(provider: ChallengeSettings['provider']): string {
  const { hosts: theirs, hasStyles } = hasWidget(provider) ? widgets[provider] : { hosts: [], hasStyles: false }
  const directives: [string, string[]][] = [
    ['default-src', ["'none'"]],
    ['script-src', ["'self'", ...theirs]],
    ['style-src', ["'self'", ...(hasStyles ? theirs : [])]],
    ['connect-src', ["'self'", ...(hasStyles ? theirs : [])]],
    ['img-src', ["'self'"]],
    ['worker-src', ["'self'"]],
    ...(theirs.length > 0 ? [['frame-src', theirs] as [string, string[]]] : []),
    ['base-uri', ["'none'"]],
    ['form-action', ["'none'"]],
    ['frame-ancestors', ["'none'"]],
    // No text becomes a script or HTML. A widget's own scripts are not written for that.
    ...(theirs.length > 0
      ? []
      : ([
          ['require-trusted-types-for', ["'script'"]],
          ['trusted-types', ['default']],
        ] as [string, string[]][])),
  ]
  return directives.map(([name, values]) => `${name} ${values.join(' ')}`).join('; ')
}
