// The console at /admin: where it is there, its documents under the policy of the pages, and its files.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startApp } from '../support/app.js'

const id = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'
const views = ['/admin', '/admin/numbers', '/admin/blocks', `/admin/users/${id}`]
const bundle = { 'admin.js': 'import "./chunk-A1.js"', 'chunk-A1.js': '0', 'admin.css': 'main{}' }

async function start(settings: Record<string, string> = {}) {
  const pageFolder = await mkdtemp(join(tmpdir(), 'latchkey-console-'))
  t.teardown(() => rm(pageFolder, { recursive: true }))
  const manifest = JSON.stringify({ files: Object.keys(bundle), preload: ['chunk-A1.js'] })
  for (const [name, text] of Object.entries({ ...bundle, 'manifest.json': manifest }))
    await writeFile(join(pageFolder, name), text)
  return startApp(t, { settings: { ADMIN_CONSOLE: 'on', ...settings }, pageFolder })
}

t.test('each view is a document of its own, under the policy of the pages, kept by nobody', async (t) => {
  const service = await start({ BRAND_NAME: 'Chai & <Co>', DEFAULT_LOCALE: 'de' })
  for (const path of views) {
    const { status, headers, text } = await service.get(path)
    t.equal(status, 200)
    t.match(headers, {
      'content-type': 'text/html; charset=utf-8',
      'content-language': 'de',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default",
    })
    t.match(text, '<title>Verwaltung – Chai &amp; &lt;Co&gt;</title>')
    t.match(text, '<div id="latchkey"></div>')
    t.match(text, /<noscript><p class="notice">Bitte schalten Sie JavaScript/)
    t.notMatch(text, / on\w+=| style=|<style|http/)
    const names = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, name = '']) => new URL(name, `http://x${path}`))
    t.equal(names.length, 5)
    for (const { pathname } of names) {
      t.match(pathname, /^\/admin\/assets\/[\w-]{16}\/[\w.-]+$/)
      const file = await service.get(pathname)
      t.match([file.status, file.headers['cache-control']], [200, 'public, max-age=31536000, immutable'], pathname)
    }
    const settings = JSON.parse(/id="latchkey-config">(.*?)<\/script>/.exec(text)?.[1] ?? 'null')
    t.match(settings, { name: 'Chai & <Co>', language: 'de', codeLength: 6, mayBeSignedIn: false })
  }
})

t.test('in the language of who reads it, and for who has a session', async (t) => {
  const service = await start()
  const arabic = await service.get('/admin?lang=ar', { headers: { cookie: 'jwt=x' } })
  t.match(arabic.text, /<html lang="ar" dir="rtl">.*<title>لوحة الإدارة/s)
  t.match(arabic.text, '"mayBeSignedIn":true')
  t.match((await service.get('/admin?lang=ar&lang=de', { headers: { 'accept-language': 'hi' } })).text, 'lang="hi"')
  t.match(await service.get('/admin/'), { status: 308, headers: { location: '../admin' } })
  for (const path of ['/admin/users', '/admin/else', '/admin/assets/x/manifest.json'])
    t.equal((await service.get(path)).status, 404, path)
})

t.test('it is there where the settings say so', async (t) => {
  const off = await startApp(t)
  for (const path of [...views, '/admin/', '/admin/assets/x/admin.js']) t.equal((await off.get(path)).status, 404, path)
  const development = await start({ NODE_ENV: 'development', ADMIN_CONSOLE: '', SIGN_IN_PAGE: 'off' })
  t.equal((await development.get('/admin')).status, 200)
})
