// The page that shows the API: its policy, its files from memory, and where it is there at all.
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { startApp, type TestApp, testConfig } from '../support/app.js'
import { openConnection } from '../support/connection.js'
import { routesOf } from '../users/routes.js'

/** Every path of the page, as the router has them. */
const pathsOf = ({ app }: TestApp) =>
  routesOf(app)
    .filter((route) => route.startsWith('GET /docs'))
    .map((route) => route.slice('GET '.length))

const scripts = (html: string) => [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)

t.test('a page of its own files, under a policy of its own', async (t) => {
  const service = await startApp(t)
  const page = await service.get('/docs')
  t.match(page, { status: 200, headers: { 'content-type': /^text\/html/ } })
  t.equal((await service.get('/docs/')).text, page.text)
  t.notMatch(page.text, /<script[^>]*>[^<]/, 'no script in the page itself')
  t.ok(scripts(page.text).length >= 6)
  for (const path of scripts(page.text)) t.equal((await service.get(path)).status, 200, path)
  for (const path of pathsOf(service)) {
    const { headers } = await service.get(path)
    const policy = String(headers['content-security-policy'])
    t.match(policy, /^default-src 'none'; script-src 'self'; /, path)
    t.match(policy, /connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/, path)
    t.match(headers, { 'x-content-type-options': 'nosniff', 'cache-control': 'public, max-age=300' }, path)
  }
})

t.test('it keeps no token and shows our name and our document', async (t) => {
  const service = await startApp(t)
  const { text } = await service.get('/docs/static/swagger-initializer.js')
  t.match(text, 'persistAuthorization: false')
  t.match(text, "url: '/openapi.json'")
  t.match(text, "'Latchkey'")
})

t.test('its files are compressed for who takes that, and not sent again to who has them', async (t) => {
  const service = await startApp(t)
  for (const path of pathsOf(service)) {
    const plain = await service.get(path)
    t.equal(plain.headers['content-encoding'], undefined, path)
    t.equal(plain.headers['vary'], 'Origin, accept-encoding')
    const { rawPayload, headers } = await service.app.inject({ url: path, headers: { 'accept-encoding': 'gzip, br' } })
    const isImage = path.endsWith('.png')
    t.equal(headers['content-encoding'], isImage ? undefined : 'gzip', path)
    // Without a picture of the difference: of megabytes it takes minutes.
    if (!isImage) t.ok(gunzipSync(rawPayload).toString() === plain.text, path)
    t.equal(headers.etag === plain.headers['etag'], isImage, 'each form has a tag of its own')
    const known = { 'if-none-match': String(plain.headers['etag']) }
    t.match(await service.get(path, { headers: known }), { status: 304, text: '' }, path)
    t.equal(
      (await service.get(path, { headers: { 'if-none-match': String(headers.etag) } })).status,
      isImage ? 304 : 200,
    )
  }
})

t.test('no path is one of the disk', async (t) => {
  const service = await startApp(t)
  for (const path of ['', '/', '/nothing', '/..%2f..%2fpackage.json', '/%2e%2e/package.json', '/package.json']) {
    t.match(await service.get(`/docs/static${path}`), { status: 404, body: { code: 'not_found' } }, path)
  }
  const refused = await service.post('/docs/static/swagger-ui.css', {})
  t.match(refused, { status: 405, body: { code: 'method_not_allowed' }, headers: { allow: 'GET, HEAD' } })
})

const skip = existsSync('/proc/self/fd') ? false : 'what is open is read in /proc'

t.test('its files are not opened for a request, so that nobody can use up our descriptors', { skip }, async (t) => {
  const service = await startApp(t)
  const connection = await openConnection(t, service.app)
  const path = '/docs/static/swagger-ui-bundle.js'
  connection.socket.pause()
  connection.socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(10))
  await connection.received(10)
  // Answered after those: they have all got as far as they come.
  t.equal((await service.get(path)).status, 200)
  t.strictSame(openFilesOf('swagger-ui'), [])
  connection.socket.destroy()
})

/** What this process has open, by a part of the name. */
function openFilesOf(part: string): string[] {
  const directory = '/proc/self/fd'
  return readdirSync(directory).filter((descriptor) => {
    try {
      return readlinkSync(`${directory}/${descriptor}`).includes(part)
    } catch {
      // It was the one by which the folder itself was read.
      return false
    }
  })
}

t.test('production shows it only where that is asked for', async (t) => {
  t.equal(testConfig().docs, true)
  const off = await startApp(t, { settings: { DOCS: 'off' } })
  for (const path of ['/docs', '/docs/', '/docs/static/swagger-ui.css']) t.equal((await off.get(path)).status, 404)
})
