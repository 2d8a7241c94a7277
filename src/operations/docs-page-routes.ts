// The page at `/docs` that shows the API and can call it.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type MemoryFile, serveFromMemory } from '../http/memory-files.js'

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

/** Read once for all services of a process: two megabytes. */
let files: Promise<MemoryFile[]> | undefined

function readFiles(): Promise<MemoryFile[]> {
  const directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const named = [
    ['swagger-ui-bundle.js', 'js'],
    ['swagger-ui-standalone-preset.js', 'js'],
    ['swagger-ui.css', 'css'],
    ['index.css', 'css'],
    ['favicon-32x32.png', 'png'],
  ] as const
  const read = named.map(async ([name, type]) => {
    return { path: `/docs/static/${name}`, type, body: await readFile(join(directory, name)) }
  })
  return Promise.all(read)
}

/**
 * `GET /docs` and the files of the page.
 * @param prefix under which the service is mounted
 */
export async function docsPage(app: FastifyInstance, prefix = ''): Promise<void> {
  const headers = { 'cache-control': 'public, max-age=300', 'content-security-policy': policy }
  const serve = (path: string, type: MemoryFile['type'], body: Buffer) =>
    serveFromMemory(app, { path, type, body }, () => headers)
  for (const path of ['/docs', '/docs/']) serve(path, 'html', Buffer.from(pageUnder(prefix)))
  serve('/docs/static/swagger-initializer.js', 'js', Buffer.from(initializerUnder(prefix)))
  files ??= readFiles()
  for (const { path, type, body } of await files) serve(path, type, body)
}
