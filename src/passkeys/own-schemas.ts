// Bodies and answers of one's own passkeys: made, listed, named, removed, and used to step up.
import { Type } from '@sinclair/typebox'
import { errorResponses, one, Removed, refer, shortList, signedInErrors, writingErrors } from '../http/responses.js'
import { closed } from '../http/validation.js'
import { Text } from '../users/address.js'
import { newDeviceError } from '../users/policies.js'
import { idParams } from '../users/self-schemas.js'
import { challengeTimeToLive } from './challenges.js'
import {
  AssertionOf,
  Attestation,
  asked,
  askedExample,
  assertion,
  attestation,
  challenge,
  creation,
  expires_in,
} from './credential-schemas.js'
import { PasskeySchema } from './passkey.js'

const [passkey] = PasskeySchema.examples
const { id } = Object(passkey)

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
