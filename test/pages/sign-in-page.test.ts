// The page at /sign-in: where it is there, what it says to whom, under which policy, and where it would send people back to.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { readPageFiles } from '../../src/pages/page-files.js'
import { pageLocales, pageTextFor } from '../../src/pages/texts.js'
import { startApp, type TestApp } from '../support/app.js'
import { routesOf } from '../users/routes.js'

const shop = 'https://shop.example'
const bundle = { 'sign-in.js': 'import "./chunk-A1.js"', 'chunk-A1.js': '0', 'worker.js': '1', 'sign-in.css': 'main{}' }

/** A bundle in place of the real one. */
async function folderOf(
  files: Record<string, string>,
  manifest: unknown = { files: Object.keys(files) },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-page-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries({ ...files, 'manifest.json': JSON.stringify(manifest) })) {
    await writeFile(join(folder, name), text)
  }
  await mkdir(join(folder, 'more'))
  return folder
}

async function start(settings: Record<string, string> = {}) {
  const pageFolder = await folderOf(
    { ...bundle, 'made-of.json': 'no business of anybody' },
    { files: Object.keys(bundle), preload: ['chunk-A1.js'] },
  )
  return startApp(t, { settings: { SIGN_IN_PAGE: 'on', RETURN_TO_ORIGINS: shop, ...settings }, pageFolder })
}
const started = start({ PUBLIC_URL: 'https://login.example', BRAND_NAME: 'Chai & <Co>', DEFAULT_LOCALE: 'hi' })

const configOf = (text: string) => JSON.parse(/id="latchkey-config">(.*?)<\/script>/.exec(text)?.[1] ?? 'null')
const open = async (query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  (await started).get(`/sign-in?${new URLSearchParams(query)}`, { headers })
const assetsOf = (service: TestApp) =>
  routesOf(service.app)
    .filter((route) => route.startsWith('GET /sign-in/assets/'))
    .map((route) => route.slice('GET '.length))

t.test('a document with nothing of a script in it but data', async (t) => {
  const { status, headers, text } = await open()
  t.equal(status, 200)
  t.match(headers, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': /^otp-credentials=\(self\), /,
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default",
  })
  t.match(text, '<html lang="hi" dir="ltr">')
  t.match(text, '<title>साइन इन – Chai &amp; &lt;Co&gt;</title>')
  t.match(text, /<link rel="modulepreload" href="sign-in\/assets\/[\w-]{16}\/chunk-A1\.js">/)
  t.match(text, '<main id="latchkey"></main>')
  t.match(text, /<noscript><p class="notice">साइन इन करने के लिए/)
  t.notMatch(
    text,
    /<script(?! type="application\/json" id="latchkey-config">| type="module" src="sign-in\/assets\/[\w-]{16}\/sign-in\.js">)/,
  )
  t.notMatch(text, / on\w+=| style=|<style|http/)
  t.strictSame(configOf(text), {
    name: 'Chai & <Co>',
    flow: 'identifier',
    country: 'IN',
    language: 'hi',
    codeLength: 6,
    passkeys: false,
    mayBeSignedIn: false,
  })
  t.equal(configOf((await open({}, { cookie: 'jwt=x' })).text).mayBeSignedIn, true)
})

t.test('in the language of who reads it, from right to left where it is', async (t) => {
  const ofMessages = await readdir('src/messaging/templates/locales')
  t.strictSame([...pageLocales].sort(), ofMessages.map((name) => name.replace('.json', '')).sort())
  t.match(pageTextFor(['xx'], 'sw'), { locale: 'en', title: 'Sign in' }, 'a language that MESSAGES_DIR brought')
  const spoken: [Record<string, string>, string, RegExp][] = [
    [{}, 'de-CH, en;q=0.5', /<html lang="de" dir="ltr">.*Anmelden/s],
    [{ lang: 'ar' }, 'de', /<html lang="ar" dir="rtl">.*تسجيل الدخول/s],
    [{ lang: 'ur-PK' }, '', /<html lang="ur" dir="rtl">/],
    [{ lang: 'zh_TW' }, '', /<html lang="zh-Hant" dir="ltr">/],
    [{ lang: '"><script>' }, 'fr', /<html lang="fr" dir="ltr">/],
    [{ lang: 'xx' }, 'yy', /<html lang="hi" dir="ltr">/],
  ]
  for (const [query, asked, expected] of spoken) {
    const { text, headers } = await open(query, { 'accept-language': asked })
    t.match(text, expected)
    t.equal(headers['content-language'], configOf(text).language)
  }
})

t.test('the files of the manifest, to be kept for good, and no other', async (t) => {
  const service = await started
  const { text } = await open()
  const [version = ''] = /(?<=sign-in\/assets\/)[\w-]+/.exec(text) ?? []
  const types: Record<string, RegExp> = { js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg/ }
  const paths = assetsOf(service).map((path) => path.replace(':version', version))
  t.strictSame(
    paths.map((path) => path.split('/').at(-1)).sort(),
    [...Object.keys(bundle), 'icon.svg', 'notice.css'].sort(),
  )
  for (const path of paths) {
    const { status, headers, text: body } = await service.get(path)
    t.match([status, headers['cache-control']], [200, 'public, max-age=31536000, immutable'], path)
    t.match(headers['content-type'], types[String(path.split('.').at(-1))])
    t.match(headers, { 'cross-origin-resource-policy': 'same-origin', 'content-security-policy': /default-src 'none'/ })
    const zipped = await service.app.inject({ url: path, headers: { 'accept-encoding': 'gzip' } })
    t.equal(gunzipSync(zipped.rawPayload).toString(), body)
    const known = { 'if-none-match': String(headers['etag']) }
    t.equal((await service.get(path, { headers: known })).status, 304)
  }
  for (const [, path = ''] of text.matchAll(/(?:href|src)="([^"]+)"/g))
    t.equal((await service.get(`/${path}`)).status, 200, path)
  const other = await service.get('/sign-in/assets/of-another-release/sign-in.js')
  t.match([other.status, other.headers['cache-control']], [200, 'no-store'], 'of a replica that is not the page’s')
  for (const name of [
    'made-of.json',
    'manifest.json',
    '../manifest.json',
    '%2e%2e/sign-in.js',
    '..%2fsign-in.js',
    'more',
    '',
  ]) {
    t.equal((await service.get(`/sign-in/assets/${version}/${name}`)).status, 404, name)
  }
  const svg = await service.get(`/sign-in/assets/${version}/icon.svg`)
  t.match(svg.text, />C<\/text>/)
})

t.test('a bundle that is not there, or names other files, stops the start', async (t) => {
  const brand = { name: '<', logoUrl: undefined, color: '#ffee00' }
  const read = async (files: Record<string, string>, manifest?: unknown) =>
    readPageFiles(await folderOf(files, manifest), brand)
  await t.rejects(readPageFiles('/nowhere', brand), /The page in nowhere is not there: npm run generate makes it/)
  for (const name of ['../x.js', 'a/b.js', '.js', 'x.exe', 'x.js/..', 'x..js']) {
    await t.rejects(read({}, { files: [name] }), { message: `${name} is no file of a page` })
  }
  await t.rejects(read({ 'a.js': '' }, { files: ['a.js'], preload: ['b.js'] }), {
    message: 'b.js is no file of a page',
  })
  const one = await read({ 'a.js': '1' })
  t.match(String(one.files.find(({ name }) => name === 'icon.svg')?.body), /fill="#000000">&lt;<\/text>/)
  t.not(one.version, (await read({ 'a.js': '2' })).version)
  const nameless = await readPageFiles(await folderOf({}), { ...brand, name: '' })
  t.match(String(nameless.files[0]?.body), /<\/text>/)
})

t.test('a return: paths of its own, and origins that are named, with all that belongs to it', async (t) => {
  const challenge = 'a'.repeat(43)
  const good = {
    return_to: `${shop}/cb?a=b`,
    state: '</script><script>\u2028',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  t.match(configOf((await open({ return_to: '/orders#last' })).text), { returnTo: '/orders#last', state: undefined })
  t.match(configOf((await open({ return_to: 'https://login.example/x' })).text), { returnTo: '/x' })
  const printable = { ...good, state: '</script><!--&' }
  const { text } = await open(printable)
  t.match(configOf(text), { returnTo: `${shop}/cb?a=b`, state: '</script><!--&', codeChallenge: challenge })
  t.equal(text.split('</script>').length, 3)
  const refused: [Record<string, string>, string][] = [
    [good, 'state must be 1 to 512 printable characters'],
    [{ return_to: '//evil.example' }, 'return_to must be a path with one slash at its beginning'],
    [
      { return_to: 'https://evil.example' },
      'return_to must be a path of this origin, or a URL whose origin RETURN_TO_ORIGINS names exactly',
    ],
    [{ return_to: 'javascript:alert(1)' }, 'return_to must be a path of this origin'],
    [{ return_to: `${shop}/cb` }, 'code_challenge_method must be S256'],
    [{ ...printable, code_challenge_method: 'plain' }, 'code_challenge_method must be S256'],
  ]
  for (const [query, why] of refused) {
    const answer = await open(query, { 'accept-language': 'en' })
    t.match([answer.status, answer.text], [400, `<code lang="en">${why}`])
    t.match(answer.text, '<h1>This link does not work</h1>')
    t.notMatch(answer.text, /<script|evil|latchkey-config/)
    t.match(answer.headers, { 'content-security-policy': /^default-src 'none'/, 'content-type': /^text\/html/ })
    t.equal(answer.headers['location'], undefined)
  }
  const service = await started
  const twice = await service.get('/sign-in?return_to=/a&return_to=/b')
  t.match([twice.status, twice.text], [400, 'return_to must be there once'])
  t.equal((await service.get('/sign-in?utm_source=x&utm_source=y')).status, 200, 'what means nothing here')
})

t.test('without PUBLIC_URL its origin is the host that was asked', async (t) => {
  const service = await start({
    BRAND_COLOR: '#ffee00',
    BRAND_LOGO_URL: '/logo.svg?a&b',
    SIGN_IN_FLOW: 'mobile',
    CHALLENGE: 'altcha',
  })
  t.match(service.logged(), 'BRAND_COLOR cannot be read on the sign-in page')
  const from = (host: string, return_to: string) =>
    service.get(`/sign-in?${new URLSearchParams({ return_to })}`, { headers: { host } })
  for (const scheme of ['http', 'https']) {
    t.match(configOf((await from('auth.test:8080', `${scheme}://auth.test:8080/a`)).text), { returnTo: '/a' })
  }
  t.equal((await from('auth.test', 'https://evil.example/')).status, 400)
  t.equal((await from('a@evil.example', 'https://evil.example/')).status, 400)
  const { text } = await service.get('/sign-in')
  t.match(configOf(text), { logo: '/logo.svg?a&b', color: '#ffee00', flow: 'mobile', challenge: undefined })
  t.match(text, '<link rel="icon" href="/logo.svg?a&amp;b">')
  t.match(await service.get('/sign-in/?lang=de'), { status: 308, headers: { location: '../sign-in?lang=de' } })
  t.match(await service.get('/sign-in/'), { status: 308, headers: { location: '../sign-in' } })
  t.equal((await service.get('/')).status, 404)
  t.equal((await service.post('/sign-in', {})).status, 405)
})

t.test('a provider’s widget is let in where it is chosen, and nothing else', async (t) => {
  const keys = { CHALLENGE_SITE_KEY: 'a-site', CHALLENGE_SECRET: 'a secret of a provider' }
  const turnstile = await (await start({ CHALLENGE: 'turnstile', ...keys })).get('/sign-in')
  t.strictSame(configOf(turnstile.text).challenge, {
    provider: 'turnstile',
    siteKey: 'a-site',
    script: 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit',
  })
  t.notMatch(turnstile.text, 'a secret')
  t.equal(
    turnstile.headers['content-security-policy'],
    "default-src 'none'; script-src 'self' https://challenges.cloudflare.com; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'self'; frame-src https://challenges.cloudflare.com; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  )
  const hcaptcha = await (await start({ CHALLENGE: 'hcaptcha', ...keys })).get('/sign-in')
  const theirs = 'https://hcaptcha.com https://*.hcaptcha.com'
  for (const directive of [
    `script-src 'self' ${theirs}`,
    `style-src 'self' ${theirs}`,
    `connect-src 'self' ${theirs}`,
    `frame-src ${theirs}`,
  ]) {
    t.match(hcaptcha.headers['content-security-policy'], directive)
  }
})

t.test('it is there where the settings say so; in development the root leads to it', async (t) => {
  const off = await startApp(t)
  for (const path of ['/sign-in', '/sign-in/', '/sign-in/assets/x/sign-in.js'])
    t.equal((await off.get(path)).status, 404)
  const development = await start({ NODE_ENV: 'development', SIGN_IN_PAGE: '', PUBLIC_URL: '' })
  t.match(await development.get('/'), { status: 302, headers: { location: 'sign-in' } })
  t.equal((await development.get('/sign-in')).status, 200)
})
