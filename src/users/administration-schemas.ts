// Bodies, queries and answers of the routes on users: what admins ask, and what a user asks about themselves.
import { Type } from '@sinclair/typebox'
import type { ErrorCode } from '../errors.js'
import {
  errorResponses,
  listOf,
  NullableText,
  OneOf,
  one,
  Removed,
  refer,
  signedInErrors,
  writingErrors,
} from '../http/responses.js'
import { closed, errorLine } from '../http/validation.js'
import { EmailField, InternationalPhoneField } from '../identifiers/fields.js'
import { Text } from './address.js'
import { sorts } from './list.js'
import { reasonLine } from './reason.js'
import { UserSchema } from './user.js'

const [user] = UserSchema.examples
const id = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'
const cursor =
  'WyItY3JlYXRlZF9hdCIsIjIwMjYtMTEtMjJUMDk6MDA6MDAuMDAwWiIsIjAxOWFhYjVlLTdjMWUtN2YwYS05ZDFiLTBiOGY1YzZmN2ExMCJd'

/** What every call on users can answer: they are not open to everybody who is signed in. */
const accountErrors: readonly ErrorCode[] = [...signedInErrors, 'forbidden']

const Role = OneOf(['USER', 'ADMIN'], {
  description:
    'What the user may do; `ADMIN` is 403 `forbidden` while a fixed test code is configured for the phone or email (`TEST_OTPS`)',
  examples: ['USER'],
})
const UserName = Text('What to call the person', 'Asha Rao')

/** What admins see of a user; users see themselves without the last member. */
const AdministeredUser = Type.Object(
  {
    ...UserSchema.properties,
    public_metadata: Type.Optional(
      Type.Object(
        {},
        {
          additionalProperties: true,
          description: 'What the product keeps with the user; for admins and API keys alone',
        },
      ),
    ),
  },
  { title: 'AdministeredUser', description: 'A user as admins see one' },
)

const oneAdministered = (description: string) =>
  one(AdministeredUser, description, { ...user, public_metadata: { plan: 'pro' } })

const oneUser = (description: string) => one(refer(UserSchema), description, user)

const params = Type.Object({ id: Type.String({ description: 'UUID of the user, or `me`', examples: ['me'] }) }, closed)

/** Why an admin does something, in a line; it stands in the trail with what was done. */
export const Reason = Type.String({
  format: 'text',
  maxLength: 160,
  description: 'Why, in one line of at most 160 characters; it is written into the trail',
  examples: ['Lost the phone, asked by mail'],
  [errorLine]: reasonLine,
})

/** What is asked where something is removed: admins may say why. */
const reasonQuery = Type.Object({ reason: Type.Optional(Reason) }, closed)

/** What is answered where sessions end, however many. */
export const endedSessions = (description: string) =>
  one(
    Type.Object({ ended: Type.Integer({ description: 'Sessions that there were' }) }, { title: 'Ended' }),
    description,
    { ended: 2 },
  )

export const createUser = {
  body: Type.Object(
    {
      phone: Type.Optional(InternationalPhoneField),
      email: Type.Optional(EmailField('Email address')),
      user_name: Type.Optional(UserName),
      role: Type.Optional(Role),
    },
    {
      title: 'NewUser',
      ...closed,
      description: 'Phone, email or both',
      examples: [{ phone: '+919876543210', user_name: 'Asha Rao' }],
    },
  ),
  response: {
    201: oneUser('The user, whose phone and email still are to be proved by signing in'),
    ...errorResponses(
      'already_registered',
      'country_not_supported',
      'number_type_not_supported',
      'step_up_required',
      ...accountErrors,
      ...writingErrors,
    ),
  },
}

export const listUsers = {
  querystring: Type.Object(
    {
      limit: Type.Optional(
        Type.String({
          pattern: '^([1-9][0-9]?|100)$',
          description: 'Users on a page: 1 to 100, 20 where not given',
          examples: ['20'],
          [errorLine]: 'limit must be a whole number from 1 to 100',
        }),
      ),
      cursor: Type.Optional(
        Type.String({ maxLength: 2000, description: 'The `next_cursor` of the page before', examples: [cursor] }),
      ),
      sort: Type.Optional(
        OneOf(sorts, {
          description:
            'The order, `-` for the other way round; by time of creation where not given. Nameless users sort first',
          examples: ['-created_at'],
        }),
      ),
      q: Type.Optional(
        Type.String({
          format: 'text',
          description:
            'The beginning of a name, a phone (with or without its prefix) or an email, upper and lower case alike; or the id of a user',
          examples: ['asha'],
        }),
      ),
      phone: Type.Optional(
        Type.String({
          pattern: '^\\+[1-9][0-9]{6,14}$',
          description: 'The user who has this phone: E.164, its plus sign written `%2B`. Nothing else beside it',
          examples: ['+919876543210'],
          [errorLine]: 'phone must be in E.164, its plus sign written %2B',
        }),
      ),
      email: Type.Optional(
        Type.String({
          maxLength: 320,
          description: 'The user who has this email, whatever its case. Nothing else beside it',
          examples: ['asha@example.com'],
        }),
      ),
    },
    closed,
  ),
  response: {
    200: listOf(AdministeredUser, NullableText({ description: 'null at the end' }), 'A page of users', {
      success: true,
      data: [{ ...user, public_metadata: { plan: 'pro' } }],
      next_cursor: cursor,
    }),
    ...errorResponses(...accountErrors),
  },
}

export const readUser = {
  params,
  response: { 200: oneAdministered('The user'), ...errorResponses('not_found', ...accountErrors) },
}

export const changeUser = {
  params,
  body: Type.Object(
    {
      user_name: Type.Optional(UserName),
      role: Type.Optional(Role),
      disabled: Type.Optional(
        Type.Boolean({ description: 'Whether the user is kept out; every session ends when this changes' }),
      ),
      public_metadata: Type.Optional(
        Type.Object(
          {},
          {
            additionalProperties: true,
            description:
              'What the product keeps with the user, in place of what there was: an object of at most 4096 bytes of JSON',
            examples: [{ plan: 'pro' }],
          },
        ),
      ),
      reason: Type.Optional(Reason),
    },
    {
      title: 'UserChange',
      ...closed,
      description:
        'At least one field beside `reason`; `role`, `disabled`, `public_metadata` and `reason` are for admins',
      examples: [{ user_name: 'Asha Rao' }],
    },
  ),
  response: {
    200: oneAdministered('The user as it is now'),
    ...errorResponses('not_found', 'last_admin', 'step_up_required', ...accountErrors, ...writingErrors),
  },
}

export const deleteUser = {
  params,
  querystring: reasonQuery,
  response: {
    200: one(Removed, 'The user and all that was theirs is gone', { id }),
    ...errorResponses('not_found', 'last_admin', 'step_up_required', ...accountErrors, ...writingErrors),
  },
}

export const endSessions = {
  params,
  querystring: reasonQuery,
  response: {
    200: endedSessions('All are over'),
    ...errorResponses('not_found', ...accountErrors, ...writingErrors),
  },
}
