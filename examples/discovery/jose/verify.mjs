// Verifies tokens by jose: where the keys are, and how tokens are signed, it reads once from the service.
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { ISSUER: issuer, AUDIENCE: audience = 'latchkey' } = process.env

const answer = await fetch(`${issuer}/.well-known/openid-configuration`)
const { issuer: named, jwks_uri, id_token_signing_alg_values_supported: algorithms } = await answer.json()
// RFC 8414 §3.3: or somebody else's document was read.
if (named !== issuer) throw new Error(`${issuer} says that it is ${named}`)
const keys = createRemoteJWKSet(new URL(jwks_uri))

/** The claims of a good token. @throws JOSEError */
export async function claimsOf(token) {
  const options = { issuer, audience, algorithms, typ: 'JWT', requiredClaims: ['sub', 'sid', 'exp'] }
  const { payload } = await jwtVerify(token, keys, options)
  return payload
}
