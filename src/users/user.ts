// A user as the API shows one, everywhere the same.
import { type Static, Type } from '@sinclair/typebox'
import type { UserRow } from '../database/user-row.js'
import type { User } from '../generated/prisma/client.js'
import { NullableText, OneOf } from '../http/responses.js'
import { type CountryCode, nationalNumberIn } from '../identifiers/phone.js'

export const UserSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7' }),
    user_name: NullableText({ description: 'null until given' }),
    mobile_number: NullableText({
      description: 'The national number where the phone belongs to the default country, else null',
    }),
    phone: NullableText({ description: 'E.164' }),
    email: NullableText({ description: 'Lower case' }),
    role: OneOf(['USER', 'ADMIN']),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  {
    $id: 'User',
    description: 'A user, everywhere the same',
    examples: [
      {
        id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10',
        user_name: 'Asha Rao',
        mobile_number: '9876543210',
        phone: '+919876543210',
        email: null,
        role: 'USER',
        created_at: '2026-11-22T09:00:00.000Z',
        updated_at: '2026-11-22T09:00:00.000Z',
      },
    ],
  },
)
export type SerializedUser = Static<typeof UserSchema>

export function serializeUser(user: UserRow, defaultCountry: CountryCode): SerializedUser {
  return {
    id: user.id,
    user_name: user.userName,
    mobile_number: user.phone === null ? null : nationalNumberIn(defaultCountry, user.phone),
    phone: user.phone,
    email: user.email,
    role: user.role,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  }
}

/** A user with what is for admins and API keys alone. */
export type AdministeredUser = UserRow & Pick<User, 'publicMetadata'>

export function serializeAdministered(user: AdministeredUser, defaultCountry: CountryCode) {
  const public_metadata = Object(user.publicMetadata) as Record<string, unknown>
  return { ...serializeUser(user, defaultCountry), public_metadata }
}
