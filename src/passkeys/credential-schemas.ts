// What authenticators are asked and answer, as browsers have it (WebAuthn level 3, §5.1.9 and on).
import { type TSchema, Type } from '@sinclair/typebox'
import { errorLine } from '../http/validation.js'
import type {
  AuthenticationResponseJSON,
  CreationOptions,
  RegistrationResponseJSON,
  RequestOptions,
} from './ceremonies.js'

export const challenge = 'Zk3p0cV9m1Hq7uQe5y2XwB8nRt4LsGdJa6TiOvCbEfU'
const credential = 'q83vEjRWeJCrze8SNFZ4kA'
const bytes = 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVjE'

/** Longer than any that authenticators make of a key and an id of the longest kind. */
const Bytes = (description: string) =>
  Type.String({
    pattern: '^[A-Za-z0-9_-]+$',
    maxLength: 8_192,
    description,
    [errorLine]: 'response must be what the browser gave, with its bytes in base64url',
  })

const open = { additionalProperties: true } as const
const CredentialId = Bytes('The id of the credential, in base64url')
const responseLine = { [errorLine]: 'response must be the PublicKeyCredential that the browser gave, as JSON' }

/** A credential as browsers write it in JSON, with whatever else they write. */
const credentialOf = <Response>(
  title: string,
  members: Record<string, TSchema>,
  description: string,
  example: unknown,
) =>
  Type.Unsafe<Response>(
    Type.Object(
      {
        id: CredentialId,
        rawId: CredentialId,
        type: Type.Literal('public-key'),
        response: Type.Object(members, { ...open, title: `${title}Response` }),
        clientExtensionResults: Type.Optional(Type.Object({}, { ...open, title: 'ClientExtensionResults' })),
      },
      { ...open, title, description, examples: [example], ...responseLine },
    ),
  )

const clientDataJSON = Bytes('What the browser says: challenge, origin, type')

export const Attestation = credentialOf<RegistrationResponseJSON>(
  'PasskeyAttestation',
  {
    clientDataJSON,
    attestationObject: Bytes('The new public key'),
    transports: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20 })),
  },
  'What `navigator.credentials.create()` gave, as JSON (`toJSON()`)',
  {
    id: credential,
    rawId: credential,
    type: 'public-key',
    response: { clientDataJSON: bytes, attestationObject: bytes, transports: ['internal', 'hybrid'] },
    clientExtensionResults: {},
  },
)

export const AssertionOf = credentialOf<AuthenticationResponseJSON>(
  'PasskeyAssertion',
  {
    clientDataJSON,
    authenticatorData: Bytes('What the authenticator says'),
    signature: Bytes('Its signature of both'),
    userHandle: Type.Optional(
      Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 128, description: 'Whose it is' }),
    ),
  },
  'What `navigator.credentials.get()` gave, as JSON (`toJSON()`)',
  {
    id: credential,
    rawId: credential,
    type: 'public-key',
    response: {
      clientDataJSON: bytes,
      authenticatorData: bytes,
      signature: bytes,
      userHandle: 'AZqrXnweXwqdGwuPXG96EA',
    },
    clientExtensionResults: {},
  },
)
export const [attestation] = Attestation['examples'] as [unknown]
export const [assertion] = AssertionOf['examples'] as [unknown]

export const expires_in = Type.Integer({ description: 'Seconds that its challenge is good for, once', examples: [300] })

export const creation = Type.Unsafe<CreationOptions>(
  Type.Object(
    {},
    { ...open, title: 'PasskeyCreation', description: 'For `PublicKeyCredential.parseCreationOptionsFromJSON()`' },
  ),
)
export const asked = Type.Unsafe<RequestOptions>(
  Type.Object(
    {},
    { ...open, title: 'PasskeyRequest', description: 'For `PublicKeyCredential.parseRequestOptionsFromJSON()`' },
  ),
)
export const askedExample = {
  challenge,
  rpId: 'example.com',
  timeout: 300_000,
  userVerification: 'required',
  allowCredentials: [],
}
