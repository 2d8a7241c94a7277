// What Bearer tokens say of their users (TOKEN_CLAIMS), and where libraries find how to verify them.
import { createPublicKey } from 'node:crypto'
import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import type { Database } from '../../src/database/client.js'
import { BearerTokens } from '../../src/sessions/bearer-tokens.js'
import type { Tokens } from '../../src/sessions/tokens.js'
import { type Answer, newPrivateKey, startApp, testConfig, testSecrets } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { problemsThrownBy } from '../support/problems.js'
import { nobody, verify } from '../users/people.js'

const issuer = 'https://login.example'
const settings = {
  TOKEN_CLAIMS: 'role,phone_number_verified,email_verified',
  TOKEN_TTL: '15m',
  PUBLIC_URL: issuer,
  JWT_ISSUER: issuer,
}
const started = startApp(t, { settings })
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const cookieOf = ({ cookies }: Answer) => String(cookies.find(({ name }) => name === 'jwt')?.value)
const plain = ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']

/** The claims of the token in a body, when that of the cookie has none of them, and is the same for the rest. */
function claimsIn(t: Test, answer: Answer) {
  const [inBody, inCookie] = [decodeJwt(answer.body.token), decodeJwt(cookieOf(answer))]
  t.same(Object.keys(inCookie).sort(), plain, 'the cookie says nothing of the user')
  t.match(inBody, inCookie, 'both are of one session')
  t.ok(answer.body.token.length < 3500)
  return Object.fromEntries(Object.entries(inBody).filter(([name]) => !plain.includes(name)))
}

t.test('a sign-in, a refresh and a signup say what was asked for', async (t) => {
  const service = await started
  const signedIn = await verify(service, 'asha@example.com')
  const expected = { role: 'USER', phone_number_verified: false, email_verified: true }
  t.same(claimsIn(t, signedIn), expected)
  t.equal((await service.get('/users/me', bearer(signedIn.body.token))).status, 200)

  const { id } = signedIn.body.user
  await service.database.user.update({ where: { id }, data: { role: 'ADMIN', phone: '+919876543210' } })
  const refreshed = await service.post('/api/auth/refresh', undefined, bearer(signedIn.body.token))
  t.same(claimsIn(t, refreshed), { ...expected, role: 'ADMIN' }, 'as it is now; a claim is no proof')

  const mobile_number = '9876543211'
  await forgetSends(service.database)
  await service.post('/api/auth/send-otp', { mobile_number })
  const otp = service.lastCode('+919876543211')
  const { body } = await service.post('/api/auth/verify-otp', { mobile_number, otp })
  const home = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'Maharashtra', pincode: '411001' }
  const form = { mobile_number, user_name: 'Asha', ...home, signup_token: body.signup_token }
  const signedUp = await service.post('/api/auth/signup', form)
  t.same(claimsIn(t, signedUp), { role: 'USER', phone_number_verified: true, email_verified: false })

  await forgetSends(service.database)
  await service.post('/api/auth/send-otp', { mobile_number })
  const again = await service.post('/api/auth/verify-otp', { mobile_number, otp: service.lastCode('+919876543211') })
  t.match(claimsIn(t, again), { phone_number_verified: true })
})

t.test('without TOKEN_CLAIMS body and cookie have the same token', async (t) => {
  const answer = await verify(await startApp(t), 'asha@example.com')
  t.equal(answer.body.token, cookieOf(answer))
  t.same(Object.keys(decodeJwt(answer.body.token)).sort(), plain)
})

t.test('of a user who is gone in that moment it says nothing', async (t) => {
  const database = { user: { findUnique: async () => null } } as unknown as Database
  const tokens = new BearerTokens({ database, tokens: {} as Tokens, names: ['role'], metadataNames: [] })
  t.equal(await tokens.of('a.b.c', nobody), 'a.b.c')
})

t.test('of the metadata it says what was asked for, and nothing where that has no room', async (t) => {
  const asked = { TOKEN_CLAIMS: 'public_metadata.plan,public_metadata.org-id', TOKEN_TTL: '15m' }
  const service = await startApp(t, { settings: { ...settings, ...asked } })
  const plain = await verify(service, 'asha@example.com')
  t.same(claimsIn(t, plain), {}, 'there is none yet')
  const { id } = plain.body.user
  const claimsWith = async (publicMetadata: object) => {
    await service.database.user.update({ where: { id }, data: { publicMetadata } })
    return claimsIn(t, await service.post('/api/auth/refresh', undefined, bearer(plain.body.token)))
  }
  const some = { plan: { name: 'gold', seats: 5 }, 'org-id': 'o1' }
  t.same(await claimsWith({ ...some, secret: 'x' }), { public_metadata: some })
  t.same(await claimsWith({ secret: 'x' }), {})
  t.same(await claimsWith({ plan: 'x'.repeat(3000) }), {})
  t.match((await service.get('/.well-known/openid-configuration')).body.claims_supported.at(-1), 'public_metadata')
})

t.test('what says something of its user lives 15 minutes at most', async (t) => {
  const problems = (changes: Record<string, string>) => problemsThrownBy(() => testConfig(changes))
  const line = /^TOKEN_CLAIMS needs a TOKEN_TTL of 15m or less/
  t.match(problems({ TOKEN_CLAIMS: 'role' }), [line])
  t.match(problems({ TOKEN_CLAIMS: 'role', TOKEN_TTL: '901' }), [line])
  t.same(problems({ TOKEN_CLAIMS: 'role', TOKEN_TTL: '15m' }), [])
  t.match(problems({ TOKEN_CLAIMS: 'public_metadata.plan' }), [line])
  t.match(problems({ TOKEN_CLAIMS: 'public_metadata', TOKEN_TTL: '15m' }), [/^TOKEN_CLAIMS must be/])
  t.match(problems({ TOKEN_CLAIMS: 'name', TOKEN_TTL: '15m' }), [
    /^TOKEN_CLAIMS must be a comma-separated list of role/,
  ])
})

t.test('libraries configure themselves by the issuer', async (t) => {
  const previous = createPublicKey(testSecrets.JWT_PRIVATE_KEY).export({ type: 'spki', format: 'pem' }).toString()
  const introspection = { INTROSPECTION_TOKEN: 'a-token-of-thirty-two-bytes-and-more' }
  const rotated = {
    ...settings,
    ...introspection,
    JWT_PRIVATE_KEY: newPrivateKey(),
    JWT_PREVIOUS_PUBLIC_KEYS: previous,
  }
  const service = await startApp(t, { settings: rotated })
  const configuration = await service.get('/.well-known/openid-configuration')
  const metadata = {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['none'],
    introspection_endpoint: `${issuer}/auth/introspect`,
    introspection_endpoint_auth_methods_supported: ['Bearer'],
  }
  t.same(configuration.body, {
    ...metadata,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', ...settings.TOKEN_CLAIMS.split(',')],
  })
  t.equal(configuration.headers['cache-control'], 'public, max-age=300')
  const server = await service.get('/.well-known/oauth-authorization-server')
  t.same(server.body, metadata)
  t.equal(server.headers['cache-control'], 'public, max-age=300')

  const { token } = (await verify(service, 'asha@example.com')).body
  const keys = createRemoteJWKSet(new URL(configuration.body.jwks_uri), {
    [customFetch]: async (url: string) => new Response((await service.get(url.replace(issuer, ''))).text),
  })
  const verified = await jwtVerify(token, keys, { issuer: configuration.body.issuer, audience: 'latchkey' })
  t.equal(verified.payload['role'], 'USER')
})

t.test('nothing says how to ask about tokens where nobody may', async (t) => {
  const { body } = await (await started).get('/.well-known/openid-configuration')
  t.notOk(Object.keys(body).some((name) => name.startsWith('introspection')))
})

t.test('an issuer that is no address of ours has nothing to be found at', async (t) => {
  const elsewhere = { JWT_ISSUER: `${issuer}/` }
  const service = await startApp(t, { settings: { ...settings, ...elsewhere } })
  const unnamed = await startApp(t)
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    t.equal((await service.get(`/.well-known/${name}`)).status, 404)
    t.equal((await unnamed.get(`/.well-known/${name}`)).status, 404)
  }
})
