// Signs and verifies with @fastify/jwt: one namespace for each live key, so that a token meets the one verifier of its key.
import fastifyJwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import type { SessionSettings } from '../config/config.js'
import type { KeyRing } from './keys.js'
import { clockTolerance, Tokens, type TokenVerifier } from './tokens.js'

/** Tokens whose signature need not be verified again: a third of the work of a request that reads one row. */
const rememberedTokens = { count: 10_000, seconds: 60 }

/** For logout. A verifier is made for each such call, so that remembering anything would be memory for nothing. */
const atAnyTime = { ignoreExpiration: true, ignoreNotBefore: true, cache: false } as const

/** Registers the keys on the server and returns the tokens made with them. */
export async function registerTokens(app: FastifyInstance, ring: KeyRing, settings: SessionSettings): Promise<Tokens> {
  const { issuer, audience } = settings
  const verifiers = new Map<string, TokenVerifier>()
  for (const key of ring.all) {
    const isCurrent = key === ring.current
    await app.register(fastifyJwt, {
      namespace: key.kid,
      secret: {
        public: key.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        ...(isCurrent && { private: ring.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }),
      } as { public: string; private: string },
      sign: {
        algorithm: key.algorithm,
        kid: key.kid,
        iss: issuer,
        aud: audience,
      },
      verify: {
        algorithms: [key.algorithm],
        allowedIss: issuer,
        allowedAud: audience,
        clockTolerance: clockTolerance * 1000,
        checkTyp: 'jwt',
        // By the hash of the whole token. A signature stays good, and the session is asked of the database each time.
        cache: rememberedTokens.count,
        cacheTTL: rememberedTokens.seconds * 1000,
      },
    })
    const namespaced = Reflect.get(app.jwt, key.kid) as typeof app.jwt
    verifiers.set(key.kid, (token, options) => namespaced.verify(token, options && atAnyTime))
  }
  const signer = Reflect.get(app.jwt, ring.current.kid) as typeof app.jwt
  return new Tokens((payload) => signer.sign(payload), verifiers)
}
