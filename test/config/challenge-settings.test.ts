// The settings of challenges: what each provider needs, and what is refused by name.
import t from 'tap'
import { testConfig } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'

const faultsOf = (overrides: Record<string, string>) => problemsThrownBy(() => testConfig(overrides))
const keys = { CHALLENGE_SITE_KEY: 'a-site', CHALLENGE_SECRET: 'a secret of a provider' }

t.test('our own is the default, and needs nothing', async (t) => {
  t.strictSame(testConfig({ CHALLENGE: '' }).challenges, {
    provider: 'altcha',
    isAlways: false,
    site: undefined,
  })
})

t.test('a provider outside needs its two keys, and is asked over TLS', async (t) => {
  for (const provider of ['turnstile', 'hcaptcha']) {
    t.strictSame(faultsOf({ CHALLENGE: provider }), [
      `CHALLENGE_SITE_KEY is required for CHALLENGE=${provider}`,
      `CHALLENGE_SECRET is required for CHALLENGE=${provider}`,
    ])
    const { site } = testConfig({ CHALLENGE: provider, ...keys }).challenges
    t.match(site, { key: 'a-site', secret: 'a secret of a provider', verifyUrl: /^https:\/\/\S+\/siteverify$/ })
  }
  const url = (CHALLENGE_VERIFY_URL: string) => ({ CHALLENGE: 'turnstile', ...keys, CHALLENGE_VERIFY_URL })
  t.equal(testConfig(url('http://127.0.0.1:9/verify')).challenges.site?.verifyUrl, 'http://127.0.0.1:9/verify')
  for (const wrong of ['http://example.com/verify', 'no URL'])
    t.strictSame(faultsOf(url(wrong)), ['CHALLENGE_VERIFY_URL must be an https URL (http to loopback alone)'])
})

t.test('always without any is refused, and so is what is none', async (t) => {
  t.strictSame(faultsOf({ CHALLENGE: 'off', CHALLENGE_WHEN: 'always' }), [
    'CHALLENGE_WHEN is always, and CHALLENGE is off: nobody could sign in',
  ])
  t.equal(testConfig({ CHALLENGE: 'altcha', CHALLENGE_WHEN: 'always' }).challenges.isAlways, true)
  t.match(faultsOf({ CHALLENGE: 'recaptcha' }), [/^CHALLENGE must be one of altcha, turnstile, hcaptcha, off/])
})
