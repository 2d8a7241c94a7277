// The way through the sign-in page: this tab alone knows the verifier and the state, and takes the code out of the address.
import { createHash } from 'node:crypto'
import t from 'tap'
import { createPkce } from '../../../packages/client/src/index.js'
import { newEmail } from '../../support/flows.js'
import { startService } from './service.js'

const shop = 'https://shop.example'
const started = startService(t, { settings: { RETURN_TO_ORIGINS: shop } })

/** A page of a browser, as far as the client asks for one. */
function openPage() {
  const kept = new Map<string, string>()
  const page = {
    location: { href: `${shop}/cb` },
    history: {
      replaceState: (_data: unknown, _unused: string, url: string) => {
        page.location.href = url
      },
    },
    sessionStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    },
  }
  Object.assign(globalThis, page)
  return { page, kept }
}
t.teardown(() => {
  for (const name of ['location', 'history', 'sessionStorage']) Reflect.deleteProperty(globalThis, name)
})

t.test('a verifier of 256 bits and its challenge', async (t) => {
  const [one, other] = [await createPkce(), await createPkce()]
  t.match(one.codeVerifier, /^[\w-]{43}$/)
  t.equal(one.codeChallenge, createHash('sha256').update(one.codeVerifier).digest('base64url'))
  t.not(one.codeVerifier, other.codeVerifier)
})

t.test('there and back: the code becomes a session, and leaves the address', async (t) => {
  const { service, baseUrl, newClient } = await started
  const { page, kept } = openPage()
  const { client, storage } = newClient()
  const url = new URL(await client.signInUrl({ returnTo: `${shop}/cb?a=b` }))
  t.equal(`${url.origin}${url.pathname}`, `${baseUrl}/sign-in`)
  const { return_to, state, code_challenge, code_challenge_method, ...more } = Object.fromEntries(url.searchParams)
  t.match([return_to, state, code_challenge_method, more], [`${shop}/cb?a=b`, /^[\w-]{36}$/, 'S256', {}])
  t.match(code_challenge, /^[\w-]{43}$/)

  // The page, where somebody signs in.
  const { client: ofPage } = newClient()
  const email = newEmail()
  await ofPage.identifier.requestOtp({ email })
  const { user } = await ofPage.identifier.verifyOtp({ email, otp: service.lastCode(email) })
  const body = { return_to: String(return_to), state: String(state), code_challenge: String(code_challenge) }
  const { data } = await ofPage.request('POST /auth/exchange/codes', {
    body: { ...body, code_challenge_method: 'S256' },
  })

  page.location.href = `${data.redirect_to}#part`
  t.match(await client.handleReturn(), { user: { id: user.id, email } })
  t.equal(page.location.href, `${shop}/cb?a=b#part`)
  t.equal((await client.me()).id, user.id)
  t.type(await storage.get('latchkey.token'), 'string')
  t.not(await client.token(), await ofPage.token())
  t.equal(kept.size, 0)
  t.equal(await client.handleReturn(), null, 'a reload finds nothing')
  await t.rejects(client.exchange({ code: 'x', codeVerifier: 'a'.repeat(43) }), {
    code: 'exchange_invalid',
    status: 401,
  })
})

t.test('what another tab or a stranger sent is not exchanged', async (t) => {
  const { newClient } = await started
  const { page } = openPage()
  const { client, asked } = newClient()
  page.location.href = `${shop}/cb?code=stolen&state=stolen`
  await t.rejects(client.handleReturn(), { name: 'LatchkeyError', code: 'state_mismatch', status: 0 })
  t.equal(page.location.href, `${shop}/cb`)
  await client.signInUrl({ returnTo: `${shop}/cb` })
  for (const state of ['other', 'null', 'undefined']) {
    page.location.href = `${shop}/cb?code=stolen&state=${state}`
    await t.rejects(client.handleReturn(), { code: 'state_mismatch' }, state)
  }
  for (const query of ['', '?code=promotion', '?state=IN', '?code=&state=']) {
    page.location.href = `${shop}/cb${query}`
    t.equal(await client.handleReturn(), null, query)
    t.equal(page.location.href, `${shop}/cb${query}`, 'another parameter of that name stays')
  }
  t.strictSame(asked, [])
})

t.test('a path of the service needs no code', async (t) => {
  const { baseUrl, newClient } = await started
  const { kept } = openPage()
  const url = await newClient({ baseUrl: `${baseUrl}//` }).client.signInUrl({ returnTo: '/orders?a=b' })
  t.equal(url, `${baseUrl}/sign-in?return_to=%2Forders%3Fa%3Db`)
  t.equal(kept.size, 0)
})
