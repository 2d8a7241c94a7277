// What keeps the service from answering, and calls that must not be sent.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createClient } from '../../../packages/client/src/index.js'
import { recordingFetch } from './service.js'

const baseUrl = 'http://auth.example/prefix/'

/** A client whose network does this. */
function clientOn(fetch: Parameters<typeof recordingFetch>[0], more: object = {}) {
  const recorded = recordingFetch(fetch)
  return { ...recorded, client: createClient({ baseUrl, fetch: recorded.fetch, ...more }) }
}
const isDown = async () => {
  throw new TypeError('fetch failed')
}

t.test('no network, no answer and none in time are told apart', async (t) => {
  await t.rejects(clientOn(isDown).client.me(), {
    code: 'network_error',
    status: 0,
    cause: { message: 'fetch failed' },
  })
  t.intercept(globalThis, 'navigator' as never, { value: { onLine: false }, configurable: true } as never)
  await t.rejects(clientOn(isDown).client.me(), { code: 'offline', status: 0 })
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close().closeAllConnections())
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const client = createClient({ baseUrl: url, timeout: 20 })
  await t.rejects(client.me(), { code: 'timeout', status: 0 })
  await t.rejects(createClient({ baseUrl: url }).me({ timeout: 20 }), { code: 'timeout' })

  const caller = new AbortController()
  const aborted = createClient({ baseUrl: url }).me({ signal: caller.signal })
  silent.once('request', () => caller.abort())
  await t.rejects(aborted, { name: 'AbortError' }, 'as fetch has it')
  const never = clientOn(isDown)
  await t.rejects(never.client.me({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  t.equal(never.asked.length, 0)
})

t.test('what is no answer of the service is an error with its status', async (t) => {
  const answers: [Response, object][] = [
    [new Response('<h1>Bad gateway</h1>', { status: 502 }), { code: 'unexpected_answer', status: 502, fields: [] }],
    [new Response('<p>Sign in to the wifi</p>', { status: 200 }), { code: 'unexpected_answer', status: 200 }],
    [new Response('null', { status: 500 }), { code: 'unexpected_answer', errors: ['The answer was 500'] }],
    [
      new Response('{}', { status: 503, headers: { 'retry-after': '7' } }),
      { code: 'unexpected_answer', retryAfter: 7 },
    ],
    [new Response('{}', { status: 503, headers: { 'retry-after': 'soon' } }), { retryAfter: undefined }],
    [
      new Response(
        JSON.stringify({
          code: 'validation_failed',
          errors: ['city must be a text'],
          fields: [{ pointer: '/city', detail: 'city must be a text' }],
          reason: 'why',
        }),
        { status: 400 },
      ),
      { message: 'city must be a text', fields: [{ pointer: '/city' }], reason: 'why' },
    ],
  ]
  for (const [response, expected] of answers) {
    const error = await clientOn(async () => response)
      .client.me()
      .catch((caught: unknown) => caught)
    t.match(error, { name: 'LatchkeyError', ...expected })
  }
})

t.test('a parameter names no other route, and no call leaves for elsewhere', async (t) => {
  const { client, asked } = clientOn(async () => new Response('{"data":{}}'))
  for (const id of ['', '.', '..']) {
    await t.rejects(client.addresses.remove(id), TypeError, `"${id}"`)
    await t.rejects(client.sessions.end(id), TypeError, `"${id}"`)
  }
  for (const path of ['//evil.example/', '/a/../users', '/users/..', '/a\\..\\b', '/a#b', '/./a', '/..?a'])
    await t.rejects(client.request(`GET ${path}` as 'GET /x'), TypeError, path)
  t.equal(asked.length, 0)
  await client.addresses.remove('../me?x=1#y')
  await client.request('GET /users', { query: { q: 'a&b', cursor: undefined, limit: '5' } })
  t.strictSame(
    asked.map(({ route }) => route),
    ['DELETE /prefix/users/me/addresses/..%2Fme%3Fx%3D1%23y', 'GET /prefix/users?q=a%26b&limit=5'],
  )
})

t.test('what a bundler left undefined is told by its name', async (t) => {
  t.throws(() => createClient({} as { baseUrl: string }), { name: 'TypeError', message: 'baseUrl is missing' })
})
