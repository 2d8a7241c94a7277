// The console for admins at /admin, and its files. It is a page as the one at /sign-in, and asks the same routes as everybody: what an
// admin may do is theirs to say.
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.js'
import { cookiesOf } from '../http/headers.js'
import { requestedLanguages } from '../http/languages.js'
import { mediaTypes } from '../http/memory-files.js'
import { pageHeaders, serveAssets } from './assets-routes.js'
import { type PageConfig, pageDocument, widgetOf } from './document.js'
import { bundledConsole, readPageFiles } from './page-files.js'
import { pageTextFor } from './texts.js'

export type ConsoleOptions = Readonly<{
  config: Pick<Config, 'page' | 'challenges' | 'messages' | 'otp' | 'identifiers' | 'passkeys'>
  cookieName: string
  /** the bundle, in place of the one that was built */
  folder?: string | undefined
}>

/** Its views, each with an address of its own, and how far below the first one it stands. */
const views = [
  ['/admin', ''],
  ['/admin/numbers', '../'],
  ['/admin/blocks', '../'],
  ['/admin/users/:id', '../../'],
] as const

export async function consolePage(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const { config, cookieName, folder = bundledConsole } = options
  const { page, challenges, messages } = config
  const { brand } = page
  const files = await readPageFiles(folder, brand)
  const headers = pageHeaders(challenges.provider)
  serveAssets(app, 'admin', files, headers)

  for (const [path, up] of views) {
    app.get(path, { schema: { hide: true } }, async (request, reply) => {
      const { lang } = Object(request.query) as { lang?: unknown }
      const asked = typeof lang === 'string' ? requestedLanguages({ 'accept-language': lang }) : []
      const text = pageTextFor([...asked, ...requestedLanguages(request.headers)], messages.defaultLocale)
      reply.headers({ ...headers, 'content-language': text.locale }).type(mediaTypes.html)
      const parts = { text, brand: brand.name, logo: brand.logoUrl, ...files, page: 'admin', up } as const
      const settings: PageConfig = {
        ...{ name: brand.name, logo: brand.logoUrl, color: brand.color, flow: page.flow },
        ...{ country: config.identifiers.defaultCountry, language: text.locale, codeLength: config.otp.length },
        passkeys: config.passkeys !== null,
        mayBeSignedIn: cookiesOf(request, cookieName).length > 0,
        challenge: widgetOf(challenges),
        ...{ returnTo: undefined, state: undefined, codeChallenge: undefined },
      }
      return pageDocument(parts, settings)
    })
  }
  app.get('/admin/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('../admin', 308))
}
