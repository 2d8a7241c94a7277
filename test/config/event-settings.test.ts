// EVENT_WEBHOOKS and HOOK_BEFORE_SIGNUP: what they take, and what is refused without being printed.
import t from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { ConfigError } from '../../src/config/reader.js'
import { testConfig, testSecrets } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'

const secretOf = (letter: string, bytes = 24) => `whsec_${Buffer.from(letter.repeat(bytes)).toString('base64')}`
const [a, b, c] = [secretOf('a'), secretOf('b'), secretOf('c', 64)]

t.test('endpoints with one secret or two', async (t) => {
  const { events } = testConfig({
    EVENT_WEBHOOKS: `https://api.example.com/a%2Cb?key=1|${a}|${b}, http://127.0.0.1:4001|${c}`,
    HOOK_BEFORE_SIGNUP: `https://api.example.com/ask|${secretOf('d')}`,
    EVENT_IDENTIFIERS: 'full',
  })
  t.strictSame(
    events.webhooks.map(({ url, keys }) => [url, keys.map(({ length }) => length)]),
    [
      ['https://api.example.com/a%2Cb?key=1', [24, 24]],
      ['http://127.0.0.1:4001/', [64]],
    ],
  )
  t.match(events, { tellsIdentifiers: true, failsOpen: false, beforeSignup: { url: 'https://api.example.com/ask' } })
  t.match(testConfig().events, { webhooks: [], tellsIdentifiers: false, beforeSignup: null, retention: 30 * 86_400 })
})

t.test('what is no endpoint stops the start, and is not printed', async (t) => {
  const ok = `https://api.example.com/|${a}`
  const wrong = {
    'https://api.example.com/': 'the URL is not followed by | and a secret',
    [`https://api.example.com/|${secretOf('a', 23)}`]: 'a secret is not whsec_ and at least 24 bytes in base64',
    'https://api.example.com/|secret-in-clear-of-32-bytes-and-more':
      'a secret is not whsec_ and at least 24 bytes in base64',
    [`${ok}|`]: 'a secret is not whsec_ and at least 24 bytes in base64',
    [`http://api.example.com/|${a}`]: 'the URL is neither https nor http to loopback',
    [`https://user:password@api.example.com/|${a}`]: 'the URL has a user name, a password or a fragment',
    [`https://user@api.example.com/|${a}`]: 'the URL has a user name, a password or a fragment',
    [`https://:password@api.example.com/|${a}`]: 'the URL has a user name, a password or a fragment',
    [`https://api.example.com/#x|${a}`]: 'the URL has a user name, a password or a fragment',
    [`${ok},`]: 'of number 2, what stands before the first | is no URL',
    [`${ok},https://api.example.com/|${b}`]: 'a URL is there twice',
    [`${ok},https://api.example.com/b|${a}`]: 'a secret is there twice, HOOK_BEFORE_SIGNUP and former ones included',
    nonsense: 'what stands before the first | is no URL',
  }
  for (const [EVENT_WEBHOOKS, why] of Object.entries(wrong)) {
    try {
      parseConfig({ NODE_ENV: 'test', DATABASE_URL: 'postgresql://localhost/none', ...testSecrets, EVENT_WEBHOOKS })
      t.fail(EVENT_WEBHOOKS)
    } catch (error) {
      const { problems, message } = error as ConfigError
      t.equal(problems.length, 1)
      t.match(problems[0], /^EVENT_WEBHOOKS must be a list of URL\|whsec_SECRET/, EVENT_WEBHOOKS)
      t.ok(String(problems[0]).endsWith(`: ${why}`), EVENT_WEBHOOKS)
      t.notMatch(message, /api\.example|YWFh/)
    }
  }
  t.throws(() => testConfig({ HOOK_BEFORE_SIGNUP: 'https://api.example.com/' }), ConfigError)
  t.throws(() => testConfig({ HOOK_BEFORE_SIGNUP: ok, EVENT_WEBHOOKS: `https://b.example.com/|${a}` }), ConfigError)
  for (const settings of [{ EVENT_WEBHOOKS: ok }, { HOOK_BEFORE_SIGNUP: ok }]) {
    const problems = problemsThrownBy(() => testConfig({ ...settings, SENDER_WEBHOOK_SECRET: String(a) }))
    t.strictSame(problems, [
      'SENDER_WEBHOOK_SECRET must differ from the secrets of EVENT_WEBHOOKS and HOOK_BEFORE_SIGNUP',
    ])
  }
  t.ok(testConfig({ EVENT_WEBHOOKS: ok, SENDER_WEBHOOK_SECRET: String(b) }))
})
