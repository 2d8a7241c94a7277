// Pages of other origins: web views of apps, what monitoring adds to calls, and what a refusal says and logs.
import t from 'tap'
import { startApp } from '../support/app.js'

const shop = 'https://shop.example.com'
const apps = ['capacitor://localhost', 'ionic://localhost', 'tauri://localhost']
const settings = { CORS_ORIGINS: [shop, ...apps].join(), PUBLIC_URL: 'https://login.example.com' }

t.test('web views of apps may call with cookies, where they are named', async (t) => {
  const service = await startApp(t, { settings })
  for (const origin of apps) {
    const headers = { origin, 'sec-fetch-site': 'cross-site' }
    const answer = await service.post('/api/auth/logout', undefined, { headers })
    t.equal(answer.status, 200, 'it wins over Sec-Fetch-Site')
    t.match(answer.headers, { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' })
  }
  for (const origin of [
    'capacitor://localhost:80',
    'capacitor://localhost/',
    'CAPACITOR://localhost',
    'app://localhost',
    'null',
  ]) {
    const answer = await service.post('/api/auth/logout', undefined, { headers: { origin } })
    t.match(answer, { status: 403, body: { code: 'cross_site' } }, origin)
    t.equal(answer.headers['access-control-allow-origin'], undefined, origin)
  }
})

t.test('a preflight may ask for any header', async (t) => {
  const service = await startApp(t, { settings })
  const allowed = async (asked: string, origin = shop) => {
    const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked }
    const answer = await service.get('/auth/request-otp', { method: 'OPTIONS', headers })
    return [answer.status, answer.headers['access-control-allow-headers']]
  }
  const monitoring = 'baggage,content-type,sentry-trace,traceparent,tracestate,x-datadog-trace-id,x-request-id'
  const names = monitoring.split(',').filter((name) => name !== 'content-type')
  t.strictSame(await allowed(monitoring), [204, ['authorization', 'content-type', ...names].join(', ')])
  t.strictSame(await allowed('*'), [204, 'authorization, content-type, *'], 'with credentials a name like others')
  t.strictSame(await allowed('a b, "x", ü,,x\u0001'), [204, 'authorization, content-type'], 'what is no name')
  const many = Array.from({ length: 200 }, (_, index) => `x-${index}-${'y'.repeat(50)}`)
  t.equal(String((await allowed(many.join()))[1]).split(', ').length, 52)
  t.strictSame(await allowed(`x-${'y'.repeat(70)}`), [204, 'authorization, content-type'])
  t.strictSame(await allowed(monitoring, 'https://evil.example'), [405, undefined])
})

t.test('each answer says that it may differ by Origin', async (t) => {
  const service = await startApp(t, { settings: { ...settings, DOCS: 'on' } })
  const urls = [
    '/auth/phone-prefixes',
    '/openapi.json',
    '/.well-known/jwks.json',
    '/docs',
    '/docs/static/index.css',
    '/nowhere',
  ]
  for (const url of [...urls, '/health/live', '/health/ready', '/metrics', '/users', '/api/auth/me']) {
    for (const origin of [shop, 'https://evil.example', undefined]) {
      const answer = await service.get(url, { headers: { ...(origin && { origin }) } })
      t.match(answer.headers['vary'], /\bOrigin\b/i, `${url} from ${origin}`)
    }
  }
})

t.test('a refusal names the setting, and the log what was seen and what was expected', async (t) => {
  const service = await startApp(t, { settings })
  const logged = () => {
    const lines = service
      .logged()
      .split('\n')
      .filter((line) => line.includes('another site'))
    return JSON.parse(lines.at(-1) ?? '{}')
  }
  const headers = { origin: 'https://www.example.com', 'sec-fetch-site': 'same-site' }
  const answer = await service.post('/api/auth/logout', undefined, { headers })
  t.match(answer.body.detail, /PUBLIC_URL/)
  t.strictSame(answer.body.fields, undefined)
  t.match(logged(), {
    level: 40,
    requestId: answer.headers['x-request-id'],
    origin: 'https://www.example.com',
    fetchSite: 'same-site',
    expected: ['https://login.example.com', shop, ...apps],
  })
  await service.post('/api/auth/logout', undefined, {
    headers: { origin: `https://asha@example.com/${'x'.repeat(500)}` },
  })
  t.notMatch(logged().origin, /asha/)
  t.ok(logged().origin.length <= 100)

  const other = await startApp(t, { databaseUrl: service.config.database.url })
  await other.post('/api/auth/logout', undefined, { headers: { ...headers, host: 'internal:3000' } })
  t.match(other.logged(), /http\(s\):\/\/internal:3000, after the header Host, since PUBLIC_URL is not set/)
})
