// EVENT_WEBHOOKS and HOOK_BEFORE_SIGNUP: what they take, and what is refused without being printed.
import t from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { ConfigError } from '../../src/config/reader.js'
import { testConfig, testSecrets } from '../support/app.js'

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
  const wrong = [
    'https://api.example.com/',
    `https://api.example.com/|${secretOf('a', 23)}`,
    'https://api.example.com/|secret-in-clear-of-32-bytes-and-more',
    `${ok}|`,
    `http://api.example.com/|${a}`,
    `https://user:password@api.example.com/|${a}`,
    `https://user@api.example.com/|${a}`,
    `https://:password@api.example.com/|${a}`,
    `https://api.example.com/#x|${a}`,
    `${ok},`,
    `${ok},https://api.example.com/|${b}`,
    `${ok},https://api.example.com/b|${a}`,
    'nonsense',
  ]
  for (const EVENT_WEBHOOKS of wrong) {
    try {
      parseConfig({ NODE_ENV: 'test', DATABASE_URL: 'postgresql://localhost/none', ...testSecrets, EVENT_WEBHOOKS })
      t.fail(EVENT_WEBHOOKS)
    } catch (error) {
      t.match((error as ConfigError).problems, [/^EVENT_WEBHOOKS must be a list of URL\|whsec_SECRET/], EVENT_WEBHOOKS)
      t.notMatch((error as ConfigError).message, /api\.example|YWFh/)
    }
  }
  t.throws(() => testConfig({ HOOK_BEFORE_SIGNUP: 'https://api.example.com/' }), ConfigError)
  t.throws(() => testConfig({ HOOK_BEFORE_SIGNUP: ok, EVENT_WEBHOOKS: `https://b.example.com/|${a}` }), ConfigError)
})
