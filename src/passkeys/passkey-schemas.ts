// Bodies and answers of passkeys. What authenticators are asked and answer is as browsers have it (WebAuthn level 3, §5.1.9 and on).
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { examples } from '../auth/routes/examples.js'
import { deviceTokenFields, TokenField } from '../auth/routes/schemas.js'
import {
  errorResponses,
  OneOf,
  one,
  Removed,
  refer,
  shortList,
  signedInErrors,
  writingErrors,
} from '../http/responses.js'
import { closed, errorLine } from '../http/validation.js'
import { Text } from '../users/address.js'
import { newDeviceError } from '../users/policies.js'
import { idParams } from '../users/self-schemas.js'
import { UserSchema } from '../users/user.js'
import type {
  AuthenticationResponseJSON,
  CreationOptions,
  RegistrationResponseJSON,
  RequestOptions,
} from './ceremonies.js'
import { challengeTimeToLive } from './challenges.js'

const [user] = UserSchema.examples
const challenge = 'Zk3p0cV9m1Hq7uQe5y2XwB8nRt4LsGdJa6TiOvCbEfU'
const credential = 'q83vEjRWeJCrze8SNFZ4kA'
const bytes = 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVjE'

export const PasskeySchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7' }),
    name: Type.String({ description: 'As its user calls it' }),
    device_type: OneOf(['single_device', 'multi_device'], {
      description: '`multi_device`: it may be synchronised to further devices of its user',
    }),
    backed_up: Type.Boolean({ description: 'Whether it is: then a lost device does not lose it' }),
    created_at: Type.String({ format: 'date-time' }),
    last_used_at: Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' }),
  },
  {
    $id: 'Passkey',
    description: 'A passkey of a user',
    examples: [
      {
        id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a13',
        name: 'Chrome on Android',
        device_type: 'multi_device',
        backed_up: true,
        created_at: '2026-11-22T09:00:00.000Z',
        last_used_at: null,
      },
    ],
  },
)
const [passkey] = PasskeySchema.examples
const { id } = Object(passkey)

type StoredPasskey = Readonly<{
  id: string
  name: string
  deviceType: 'single_device' | 'multi_device'
  backedUp: boolean
  createdAt: Date
  lastUsedAt: Date | null
}>

export function serializePasskey(passkey: StoredPasskey): Static<typeof PasskeySchema> {
  return {
    id: passkey.id,
    name: passkey.name,
    device_type: passkey.deviceType,
    backed_up: passkey.backedUp,
    created_at: passkey.createdAt.toISOString(),
    last_used_at: passkey.lastUsedAt?.toISOString() ?? null,
  }
}

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
const [attestation] = Attestation['examples'] as [unknown]
const [assertion] = AssertionOf['examples'] as [unknown]

const expires_in = Type.Integer({ description: 'Seconds that its challenge is good for, once', examples: [300] })

const creation = Type.Unsafe<CreationOptions>(
  Type.Object(
    {},
    { ...open, title: 'PasskeyCreation', description: 'For `PublicKeyCredential.parseCreationOptionsFromJSON()`' },
  ),
)
const asked = Type.Unsafe<RequestOptions>(
  Type.Object(
    {},
    { ...open, title: 'PasskeyRequest', description: 'For `PublicKeyCredential.parseRequestOptionsFromJSON()`' },
  ),
)
const askedExample = {
  challenge,
  rpId: 'example.com',
  timeout: 300_000,
  userVerification: 'required',
  allowCredentials: [],
}

const ownErrors = [...signedInErrors, ...writingErrors]

export const registrationOptions = {
  response: {
    200: one(
      Type.Object({ options: creation, expires_in }, { title: 'PasskeyCreationOptions' }),
      'What the browser makes a passkey by. Its answer is taken in this session alone',
      {
        options: {
          challenge,
          rp: { id: 'example.com', name: 'Example' },
          user: { id: 'AZqrXnweXwqdGwuPXG96EA', name: 'asha@example.com', displayName: 'Asha Rao' },
          pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
          timeout: 300_000,
          attestation: 'none',
          excludeCredentials: [],
          authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        },
        expires_in: challengeTimeToLive,
      },
    ),
    ...errorResponses('step_up_required', newDeviceError, 'passkey_limit', ...ownErrors),
  },
}

export const registerPasskey = {
  body: Type.Object(
    {
      response: Attestation,
      name: Type.Optional(Text('As its user calls it; what the client is, where not given', 'My phone')),
    },
    { title: 'RegisterPasskeyRequest', ...closed, examples: [{ response: attestation, name: 'My phone' }] },
  ),
  response: {
    201: one(refer(PasskeySchema), 'The passkey is the user’s', passkey),
    ...errorResponses('passkey_invalid', 'step_up_required', newDeviceError, 'passkey_limit', ...ownErrors),
  },
}

const challengeToken = Type.String({
  maxLength: 200,
  description: 'For clients without cookies, which send it back; browsers have it as the cookie `passkey`',
  examples: [challenge],
})

export const signInOptions = {
  response: {
    200: Type.Object(
      { options: asked, challenge_token: challengeToken, expires_in },
      {
        title: 'PasskeySignInOptions',
        description: 'What the browser asks for a passkey by',
        examples: [{ options: askedExample, challenge_token: challenge, expires_in: challengeTimeToLive }],
      },
    ),
    ...errorResponses(...writingErrors, 'service_unavailable'),
  },
}

export const signInByPasskey = {
  body: Type.Object(
    { response: AssertionOf, challenge_token: Type.Optional(challengeToken), ...deviceTokenFields },
    { title: 'PasskeySignInRequest', ...closed, examples: [{ response: assertion }] },
  ),
  response: {
    200: Type.Object(
      { token: TokenField, user: refer(UserSchema), isNewUser: Type.Literal(false), ...deviceTokenFields },
      {
        title: 'PasskeySignedIn',
        description: 'Signed in: the token, also as a cookie',
        examples: [{ token: examples.token, user, isNewUser: false }],
      },
    ),
    ...errorResponses('passkey_invalid', ...writingErrors, 'service_unavailable'),
  },
}

export const listPasskeys = {
  response: { 200: shortList(refer(PasskeySchema), 'Oldest first', passkey), ...errorResponses(...signedInErrors) },
}

export const renamePasskey = {
  params: idParams,
  body: Type.Object(
    { name: Text('As its user calls it', 'My phone') },
    { title: 'RenamePasskeyRequest', ...closed, examples: [{ name: 'My phone' }] },
  ),
  response: {
    200: one(refer(PasskeySchema), 'The passkey, with its name', passkey),
    ...errorResponses('not_found', 'step_up_required', ...ownErrors),
  },
}

export const removePasskey = {
  params: idParams,
  response: {
    200: one(Removed, 'It opens nothing any more. Sessions that it opened stay', { id }),
    ...errorResponses('not_found', 'step_up_required', newDeviceError, ...ownErrors),
  },
}

export const stepUpOptions = {
  response: {
    200: one(
      Type.Object({ options: asked, expires_in }, { title: 'PasskeyRequestOptions' }),
      'What the browser asks for one of the user’s passkeys by. Its answer is taken in this session alone',
      { options: askedExample, expires_in: challengeTimeToLive },
    ),
    ...errorResponses(...ownErrors),
  },
}

export const stepUpByPasskey = {
  body: Type.Object(
    { response: AssertionOf },
    { title: 'PasskeyStepUpRequest', ...closed, examples: [{ response: assertion }] },
  ),
  response: {
    200: one(
      Type.Object({ proven_until: Type.String({ format: 'date-time' }) }, { title: 'StepUp' }),
      'This session counts as freshly proven until then',
      { proven_until: '2026-11-22T09:15:00.000Z' },
    ),
    ...errorResponses('passkey_invalid', ...ownErrors),
  },
}
