// An address as the API shows one, and what people may write into one.
import { type Static, Type } from '@sinclair/typebox'
import type { Address } from '../generated/prisma/client.js'
import { OneOf } from '../http/responses.js'
import { digits } from '../http/validation.js'

/** Addresses of one user. */
export const maxAddresses = 20

/** 1–200 characters after trimming, no control characters; see the format `text`. */
export const Text = (description: string, example: string) =>
  Type.String({ format: 'text', description: `${description}; 1–200 characters`, examples: [example] })

/** What a postal code of one country looks like. Whether it is one, `checkedPincode` decides. */
export const Pincode = (country: string) =>
  country === 'IN' ? Type.String({ ...anyPincode, [digits]: 6 }) : AnyPincode

/** Characters of a postal code with all that is dropped. */
const maxPincode = 32

const anyPincode = {
  maxLength: maxPincode,
  description: 'A postal code of the country, however it is spaced: 6 digits in India; empty where a country has none',
  examples: ['560001'],
}

/** A postal code of a country that is not known yet. */
export const AnyPincode = Type.String(anyPincode)

export const AddressType = OneOf(['Home', 'Work', 'Other'], { examples: ['Home'] })

export const AddressSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7' }),
    type: AddressType,
    house_number: Type.String(),
    street_locality: Type.String(),
    city: Type.String(),
    state: Type.String(),
    pincode: Type.String({
      description: 'In the one form of its country, such as 560001, SW1A 1AA, 100-0001; empty where a country has none',
    }),
    country: Type.String({ description: 'ISO 3166-1 alpha-2' }),
    is_default: Type.Boolean({ description: 'Exactly one address of a user is the default' }),
  },
  {
    $id: 'Address',
    description: 'An address of a user',
    examples: [
      {
        id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a11',
        type: 'Home',
        house_number: '12B',
        street_locality: 'MG Road',
        city: 'Bengaluru',
        state: 'Karnataka',
        pincode: '560001',
        country: 'IN',
        is_default: true,
      },
    ],
  },
)
export type SerializedAddress = Static<typeof AddressSchema>

export type AddressRow = Omit<Address, 'userId' | 'createdAt' | 'updatedAt'>

export function serializeAddress(address: AddressRow): SerializedAddress {
  return {
    id: address.id,
    type: address.type,
    house_number: address.houseNumber,
    street_locality: address.streetLocality,
    city: address.city,
    state: address.state,
    pincode: address.pincode,
    country: address.country,
    is_default: address.isDefault,
  }
}

/** The addresses of the user `u` as {@link SerializedAddress}, in a JSON array: it comes with the read of a session. */
export const addressesOfUser = `(
  SELECT coalesce(json_agg(json_build_object(
    'id', a.id, 'type', a.type, 'house_number', a.house_number, 'street_locality', a.street_locality, 'city', a.city,
    'state', a.state, 'pincode', a.pincode, 'country', a.country, 'is_default', a.is_default
  ) ORDER BY a.id), '[]') FROM addresses a WHERE a.user_id = u.id)`
