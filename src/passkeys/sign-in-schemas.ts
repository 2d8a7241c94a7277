// Bodies and answers of signing in with a passkey.
import { Type } from '@sinclair/typebox'
import { examples } from '../auth/routes/examples.js'
import { deviceTokenFields, TokenField } from '../auth/routes/schemas.js'
import { errorResponses, refer, writingErrors } from '../http/responses.js'
import { closed } from '../http/validation.js'
import { UserSchema } from '../users/user.js'
import { challengeTimeToLive } from './challenges.js'
import { AssertionOf, asked, askedExample, assertion, challenge, expires_in } from './credential-schemas.js'

const [user] = UserSchema.examples

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
