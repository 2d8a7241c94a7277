// What the domain of passkeys says of the pages and apps that may use them, and services that have no passkeys.
import t from 'tap'
import { parsePasskeySettings } from '../../src/config/passkey-settings.js'
import { SettingReader } from '../../src/config/reader.js'
import { startApp } from '../support/app.js'
import { passkeySettings } from './passkey-people.js'

const fingerprint = (byte: string) => Array(32).fill(byte).join(':')

t.test('the files of associations say what the settings do, where the domain is that of the service', async (t) => {
  const own = {
    ...passkeySettings,
    PASSKEY_RP_ID: 'login.example.com',
    PASSKEY_ORIGINS: `${passkeySettings.PASSKEY_ORIGINS},https://shop.example`,
    PASSKEY_IOS_APPS: 'ABCDE12345.com.example.app',
    PASSKEY_ANDROID_APPS: `com.example.app/${fingerprint('AB')},com.example.app/${fingerprint('CD')},com.example.two/${fingerprint('EF')}`,
  }
  const service = await startApp(t, { settings: own })
  const related = await service.get('/.well-known/webauthn')
  t.strictSame(related.body, { origins: ['https://login.example.com', 'https://shop.example'] })
  t.match(related.headers, { 'content-type': /^application\/json/, 'cache-control': 'public, max-age=300' })
  t.strictSame((await service.get('/.well-known/apple-app-site-association')).body, {
    webcredentials: { apps: ['ABCDE12345.com.example.app'] },
  })
  t.match((await service.get('/.well-known/assetlinks.json')).body, [
    {
      relation: ['delegate_permission/common.get_login_creds'],
      target: {
        namespace: 'android_app',
        package_name: 'com.example.app',
        sha256_cert_fingerprints: [fingerprint('AB'), fingerprint('CD')],
      },
    },
    { target: { package_name: 'com.example.two', sha256_cert_fingerprints: [fingerprint('EF')] } },
  ])
  const elsewhere = await startApp(t, { settings: passkeySettings })
  const { PUBLIC_URL: _, ...unknown } = passkeySettings
  for (const other of [elsewhere, await startApp(t, { settings: unknown })]) {
    for (const name of ['webauthn', 'apple-app-site-association', 'assetlinks.json']) {
      t.equal((await other.get(`/.well-known/${name}`)).status, 404, name)
    }
    t.equal((await other.post('/auth/passkeys/authentication/options', {})).status, 200)
  }
})

t.test('without the settings there are no routes of passkeys', async (t) => {
  const service = await startApp(t)
  for (const path of [
    '/auth/passkeys/authentication/options',
    '/auth/passkeys/registration/options',
    '/users/me/step-up/passkey/options',
  ]) {
    t.equal((await service.post(path, {})).status, 404, path)
  }
  t.equal((await service.get('/users/me/passkeys')).status, 404)
  t.equal((await service.get('/.well-known/webauthn')).status, 404)
})

const problemsOf = (settings: Record<string, string>) => {
  const read = new SettingReader({ NODE_ENV: 'production', ...settings })
  return { parsed: parsePasskeySettings(read, { appName: 'Chai' }), problems: read.problems }
}
const with_ = (id: string, origins = `https://${id}`) => ({ PASSKEY_RP_ID: id, PASSKEY_ORIGINS: origins })

t.test('the settings are checked before the first passkey is lost by them', async (t) => {
  t.strictSame(problemsOf({}), { parsed: null, problems: [] })
  const good: Record<string, string>[] = [
    with_('example.com', 'https://login.example.com'),
    with_('login.example.com', 'https://login.example.com,https://example.org'),
    with_('example.co.in'),
    with_('localhost', 'http://localhost:3000'),
    with_('localhost', 'http://tauri.localhost'),
    with_('shop.github.io'),
    with_('xn--bcher-kva.example'),
    { ...with_('example.com'), PASSKEY_RP_NAME: ' चाय & Co ' },
  ]
  for (const settings of good) t.strictSame(problemsOf(settings).problems, [], JSON.stringify(settings))
  t.equal(problemsOf(with_('example.com')).parsed?.rpName, 'Chai')
  t.equal(problemsOf({ ...with_('example.com'), PASSKEY_RP_NAME: ' चाय ' }).parsed?.rpName, 'चाय')

  const bad: [string, Record<string, string>][] = [
    ['PASSKEY_RP_ID', { PASSKEY_ORIGINS: 'https://example.com' }],
    ['PASSKEY_ORIGINS', { PASSKEY_RP_ID: 'example.com' }],
    ['PASSKEY_ORIGINS', with_('example.com', 'https://example.org')],
    ['PASSKEY_ORIGINS', with_('example.com', 'https://badexample.com')],
    ['PASSKEY_ORIGINS', with_('login.example.com', 'https://example.com')],
    ['PASSKEY_ORIGINS', with_('example.com', `android:apk-key-hash:${'a'.repeat(43)}`)],
    ['PASSKEY_RP_ID', with_('com', 'https://example.com')],
    ['PASSKEY_RP_ID', with_('co.in', 'https://example.co.in')],
    ['PASSKEY_RP_ID', with_('github.io', 'https://shop.github.io')],
    ['PASSKEY_RP_ID', with_('127.0.0.1', 'http://127.0.0.1:3000')],
    ['PASSKEY_RP_ID', with_('Example.com', 'https://example.com')],
    ['PASSKEY_RP_ID', with_('https://example.com', 'https://example.com')],
    ['PASSKEY_RP_ID', with_('example.com.', 'https://example.com')],
    ['PASSKEY_RP_ID', with_('exa_mple.com', 'https://exa_mple.com')],
    ['PASSKEY_ORIGINS', with_('example.com', 'http://example.com')],
    ['PASSKEY_ORIGINS', with_('example.com', 'https://example.com/')],
    ['PASSKEY_ORIGINS', with_('example.com', 'https://*.example.com')],
    ['PASSKEY_ORIGINS', with_('example.com', 'example.com')],
    ['PASSKEY_ORIGINS', with_('example.com', 'https://example.com,android:apk-key-hash:short')],
    ['PASSKEY_RP_NAME', { ...with_('example.com'), PASSKEY_RP_NAME: ' ' }],
    ['PASSKEY_RP_NAME', { ...with_('example.com'), PASSKEY_RP_NAME: 'a\u202eb' }],
    ['PASSKEY_RP_NAME', { ...with_('example.com'), PASSKEY_RP_NAME: 'x'.repeat(61) }],
    ['PASSKEY_IOS_APPS', { ...with_('example.com'), PASSKEY_IOS_APPS: 'com.example.app' }],
    ['PASSKEY_ANDROID_APPS', { ...with_('example.com'), PASSKEY_ANDROID_APPS: 'com.example.app/AB' }],
  ]
  for (const [name, settings] of bad) {
    const { problems } = problemsOf(settings)
    t.ok(problems[0]?.startsWith(name), `${JSON.stringify(settings)}: ${problems.join('; ')}`)
  }
})
