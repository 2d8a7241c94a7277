// The bodies and answers of a return to another origin.
import { Type } from '@sinclair/typebox'
import { errorResponses, one, refer, signedInErrors, writingErrors } from '../../http/responses.js'
import { closed, errorLine } from '../../http/validation.js'
import { UserSchema } from '../../users/user.js'
import { codeTimeToLive } from '../exchange.js'
import { challengePattern, statePattern, verifierPattern } from '../return-to.js'
import { examples } from './examples.js'
import { TokenField } from './schemas.js'

const [user] = UserSchema.examples
const code = examples.signup_token
/** Those of RFC 7636, appendix B. */
const pkce = {
  verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
}
const request = {
  return_to: 'https://shop.example.com/signed-in',
  state: 'af0ifjsldkj',
  code_challenge: pkce.challenge,
  code_challenge_method: 'S256',
}
const returned = {
  redirect_to: `https://shop.example.com/signed-in?code=${code}&state=${request.state}`,
  expires_in: codeTimeToLive,
}

export const createExchangeCode = {
  body: Type.Object(
    {
      return_to: Type.String({
        maxLength: 2_000,
        description:
          'A URL whose origin is one of `RETURN_TO_ORIGINS`, without a fragment and without `code` and `state` in its query',
      }),
      state: Type.String({
        pattern: statePattern,
        description: 'Comes back as it is, for the other origin to know its own request by',
        [errorLine]: 'state must be 1 to 512 printable characters',
      }),
      code_challenge: Type.String({
        pattern: challengePattern,
        description: 'SHA-256 of the verifier in base64url (RFC 7636 §4.2)',
        [errorLine]: 'code_challenge must be the SHA-256 of the verifier in base64url: 43 characters',
      }),
      code_challenge_method: Type.Literal('S256', { [errorLine]: 'code_challenge_method must be S256' }),
    },
    { title: 'ExchangeCodeRequest', ...closed, examples: [request] },
  ),
  response: {
    201: one(
      Type.Object(
        {
          redirect_to: Type.String({
            format: 'uri',
            description: 'Where the page sends the person: `return_to` with `code` and `state`',
          }),
          expires_in: Type.Integer({ description: 'Seconds that the code is good for' }),
        },
        { title: 'ExchangeCode' },
      ),
      'A code is on its way with the person',
      returned,
    ),
    ...errorResponses(...signedInErrors, 'step_up_required', ...writingErrors),
  },
}

export const exchangeCode = {
  body: Type.Object(
    {
      code: Type.String({ maxLength: 200, description: 'As it came back in the query' }),
      code_verifier: Type.String({
        pattern: verifierPattern,
        description: 'What the challenge was made of (RFC 7636 §4.1)',
        [errorLine]: 'code_verifier must be 43 to 128 letters, digits and the signs - . _ ~',
      }),
    },
    { title: 'ExchangeRequest', ...closed, examples: [{ code, code_verifier: pkce.verifier }] },
  ),
  response: {
    200: Type.Object(
      { token: TokenField, user: refer(UserSchema) },
      {
        title: 'Exchanged',
        description: 'The token of a session of its own',
        examples: [{ token: examples.token, user }],
      },
    ),
    ...errorResponses('exchange_invalid', ...writingErrors, 'service_unavailable'),
  },
}
