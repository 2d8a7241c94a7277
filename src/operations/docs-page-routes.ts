// The page at `/docs` that shows the API and can call it. Its files are read once, at start, and answered from memory: a file that is
// opened for each request stays open for good where its reader goes before its turn (nodejs/node#62534, Node.js 20 and 22).
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import Negotiator from 'negotiator'
import { etagOf, matchesEtag } from '../http/headers.js'

/** The page's own policy: its own scripts and styles, calls to its own origin, and nothing else. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** @param prefix under which the service is mounted */
const pageUnder = (prefix: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Latchkey API</title>
    <link rel="stylesheet" href="${prefix}/docs/static/swagger-ui.css">
    <link rel="stylesheet" href="${prefix}/docs/static/index.css">
    <link rel="icon" type="image/png" href="${prefix}/docs/static/favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${prefix}/docs/static/swagger-ui-bundle.js"></script>
    <script src="${prefix}/docs/static/swagger-ui-standalone-preset.js"></script>
    <script src="${prefix}/docs/static/swagger-initializer.js"></script>
  </body>
</html>
`

/**
 * Starts the page. A token that somebody enters is forgotten with the page: `localStorage` would hand it to every later script of
 * this origin (OWASP HTML5 Security Cheat Sheet, "Local Storage").
 */
const initializerUnder = (prefix: string) => `window.onload = () => {
  // Where an earlier page kept it.
  localStorage.removeItem('authorized')
  const withOurName = ({ React }) => ({
    components: {
      Logo: () => React.createElement('span', { style: { color: '#fff', font: 'bold 22px sans-serif' } }, 'Latchkey'),
    },
  })
  SwaggerUIBundle({
    url: '${prefix}/openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    tryItOutEnabled: true,
    persistAuthorization: false,
    displayRequestDuration: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [withOurName],
    layout: 'StandaloneLayout',
  })
}
`

const types = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' }
const image = 'image/png'

/**
 * `GET /docs` and the files of the page, each a route of its own: no path of a request is ever one of the disk.
 * @param prefix under which the service is mounted
 */
export async function docsPage(app: FastifyInstance, prefix = ''): Promise<void> {
  const directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const fileOf = (name: string) => readFile(join(directory, name))
  for (const path of ['/docs', '/docs/']) serve(app, path, types.html, Buffer.from(pageUnder(prefix)))
  serve(app, '/docs/static/swagger-initializer.js', types.js, Buffer.from(initializerUnder(prefix)))
  for (const [name, type] of [
    ['swagger-ui-bundle.js', types.js],
    ['swagger-ui-standalone-preset.js', types.js],
    ['swagger-ui.css', types.css],
    ['index.css', types.css],
    ['favicon-32x32.png', image],
  ] as const) {
    serve(app, `/docs/static/${name}`, type, await fileOf(name))
  }
}

/** Answers one path with these bytes, compressed for whoever takes that: the scripts shrink to less than a third. */
function serve(app: FastifyInstance, path: string, type: string, body: Buffer): void {
  const compress = async () => {
    const zipped = await promisify(gzip)(body)
    return { plain: { body, etag: etagOf(body) }, zipped: { body: zipped, etag: etagOf(zipped) } }
  }
  // At the first request: most services that have the page are never asked for it.
  let forms: ReturnType<typeof compress> | undefined
  app.get(path, { schema: { hide: true } }, async (request, reply) => {
    forms ??= compress()
    const { plain, zipped } = await forms
    const isZipped = type !== image && new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip'
    const { body, etag } = isZipped ? zipped : plain
    reply.headers({
      etag,
      // Also by Origin, as every answer: whether a page of another site may read it.
      vary: 'Origin, accept-encoding',
      'cache-control': 'public, max-age=300',
      'content-security-policy': policy,
    })
    if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
    if (isZipped) reply.header('content-encoding', 'gzip')
    return reply.type(type).send(body)
  })
}
