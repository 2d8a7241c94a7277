// Answers of the routes on the session that asks.
import { Type } from '@sinclair/typebox'
import { extending } from '../../http/document-keywords.js'
import { errorResponses, one, refer, Success, signedInErrors, writingErrors } from '../../http/responses.js'
import { AddressSchema } from '../../users/address.js'
import { UserSchema } from '../../users/user.js'
import { examples } from './examples.js'
import { TokenField } from './schemas.js'

export const logout = {
  response: {
    200: Type.Object(
      { success: Success, message: Type.Literal('Logged out successfully') },
      { title: 'LoggedOut', description: 'The session is over, or there was none', examples: [examples.loggedOut] },
    ),
    ...errorResponses(...writingErrors, 'service_unavailable'),
  },
}

export const refresh = {
  response: {
    200: Type.Object(
      { success: Success, token: TokenField },
      {
        title: 'Refreshed',
        description: 'A new token of the same session, also as a cookie',
        examples: [examples.refreshed],
      },
    ),
    ...errorResponses(...signedInErrors, ...writingErrors),
  },
}

export const me = {
  response: {
    200: one(
      Type.Object(
        { ...UserSchema.properties, addresses: Type.Array(refer(AddressSchema)) },
        { title: 'Me', ...extending('User', UserSchema.properties), description: 'A user with all addresses' },
      ),
      'Who is signed in',
      examples.me,
    ),
    ...errorResponses(...signedInErrors),
  },
}
