// J. Forged tokens: each made out of a good one, each refused as a Bearer and as a cookie.

import { type Attack, type AttackContext, named } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import { change, forge, hmacSigned, type Part, partsOf, unsigned } from './support/forge.js'
import type { Answer } from './support/http.js'
import { newKey, serviceKey } from './support/process.js'
import { asBoth } from './support/session.js'

/** Tokens made out of a good one; all are refused, and the good one works before and after. */
function forgeries(
  id: string,
  tried: string,
  make: (header: Part, claims: Part, token: string, context: AttackContext) => string[] | Promise<string[]>,
): Attack {
  return {
    id,
    tried,
    flows: ['phone'],
    async run(context) {
      const { service, flow, allOf, equal } = context
      const { token } = await signIn(service, flow, flow.newPerson())
      const { header, claims } = partsOf(token)
      const tokens = await make(header, claims, token, context)
      const answers: Answer[] = []
      for (const forged of tokens) answers.push(...(await asBoth(service, forged)))
      allOf('answers', answers, ['401 unauthorized', '401 token_expired'])
      equal('the true one', (await asBoth(service, token)).map(named), ['200', '200'])
    },
  }
}

const now = () => Math.floor(Date.now() / 1000)
const stranger = newKey()

export const forged: readonly Attack[] = [
  forgeries('J1', 'alg none in every case, with and without the signature', (header, claims, token) =>
    ['none', 'nOnE', 'None', 'NONE', ''].flatMap((alg) => [
      unsigned(change(header, { alg }), claims),
      unsigned(change(header, { alg }), claims, partsOf(token).signature),
    ]),
  ),
  forgeries('J2', 'HS256 under the public key; other algorithms', (header, claims) => [
    hmacSigned(change(header, { alg: 'HS256' }), claims, serviceKey.publicPem),
    hmacSigned(change(header, { alg: 'HS256' }), claims, serviceKey.publicPem.trim()),
    hmacSigned(change(header, { alg: 'HS256' }), claims, ''),
    ...['ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'HS512'].map((alg) => forge(change(header, { alg }), claims)),
  ]),
  forgeries('J3', 'a key of ours in jwk, jku, x5u; kid as a path, as SQL, missing', (header, claims) => {
    const jwk = stranger.publicKey.export({ format: 'jwk' })
    const jku = 'http://127.0.0.1:9/jwks.json'
    const kids = ['../../dev/null', "' OR 1=1 --", '', 'toString', '__proto__', 7, null, undefined, ['a'], {}]
    return [
      ...[{ jwk }, { jku }, { x5u: jku }, { jwk, kid: undefined }].map((more) =>
        forge(change(header, more), claims, stranger.privateKey),
      ),
      ...kids.map((kid) => forge(change(header, { kid }), claims, stranger.privateKey)),
      ...kids.map((kid) => forge(change(header, { kid }), claims)),
    ]
  }),
  forgeries('J4', "no signature, zeros, somebody else's, another token's", async (header, claims, _token, context) => {
    const other = await signIn(context.service, context.flow, context.flow.newPerson())
    return [
      unsigned(header, claims),
      unsigned(header, claims, Buffer.alloc(64).toString('base64url')),
      unsigned(header, claims, 'AAAA'),
      unsigned(header, claims, partsOf(other.token).signature),
      forge(header, claims, stranger.privateKey),
      unsigned(header, change(claims, { sub: other.userId }), partsOf(other.token).signature),
    ]
  }),
  forgeries('J5', 'under the true key: expired, not yet valid, claims missing', (header, claims) => [
    forge(header, change(claims, { iat: now() - 7_200, exp: now() - 60 })),
    forge(header, change(claims, { nbf: now() + 3_600 })),
    ...['exp', 'iat', 'jti', 'sid', 'sub', 'iss', 'aud'].map((name) =>
      forge(header, change(claims, { [name]: undefined })),
    ),
    ...['exp', 'sid', 'sub'].map((name) => forge(header, change(claims, { [name]: 'nonsense' }))),
  ]),
  forgeries('J5c', 'under the true key: signed an hour from now', (header, claims) => [
    forge(header, change(claims, { iat: now() + 3_600, exp: now() + 7_200 })),
  ]),
  forgeries('J6', 'under the true key: another issuer, audience, list of audiences, typ', (header, claims) => [
    forge(header, change(claims, { iss: 'somebody' })),
    forge(header, change(claims, { aud: 'somebody' })),
    forge(header, change(claims, { aud: ['latchkey'] })),
    forge(header, change(claims, { aud: ['latchkey', 'somebody'] })),
    forge(header, change(claims, { iss: ['latchkey'] })),
    forge(change(header, { typ: 'at+jwt' }), claims),
    forge(change(header, { typ: undefined }), claims),
  ]),
  forgeries(
    'J7',
    'a signup ticket, a code, a token of another environment',
    async (header, claims, _token, context) => {
      const { service, fixtures } = context
      const person = { identifier: '', fields: { mobile_number: '9876500001' } }
      await service.ask('POST', '/api/auth/send-otp', { json: person.fields })
      const code = service.gateway.lastCode('+919876500001')
      const verified = await service.ask('POST', '/api/auth/verify-otp', { json: { ...person.fields, otp: code } })
      const elsewhere = await fixtures.ownService({ JWT_PRIVATE_KEY: stranger.pem })
      const flow = createFlow('email', elsewhere)
      const foreign = await signIn(elsewhere, flow, flow.newPerson())
      const ours = forge(header, change(claims, { sub: foreign.userId }))
      return [String(verified.body['signup_token']), code, foreign.token, ours]
    },
  ),
]
