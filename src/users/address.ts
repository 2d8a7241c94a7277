// An address as the API shows one, and what people may write into one.
import { type Static, Type } from '@sinclair/typebox'
import type { Address } from '../generated/prisma/client.js'
import { OneOf } from '../http/schema-types.js'

/** 1–200 characters after trimming, no control characters; see the format `text`. */
export const Text = (description: string, example: string) =>
  Type.String({ format: 'text', description: `${description}; 1–200 characters`, examples: [example] })

/** What a postal code looks like: 6 digits in India (the first one is a region, 1 to 9), otherwise whatever posts use. */
export const Pincode = (country: string) =>
  country === 'IN'
    ? Type.String({ pattern: '^[1-9][0-9]{5}$', description: '6 digits', examples: ['560001'] })
    : Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 -]{1,10}$', description: 'a postal code', examples: ['94103'] })

export const AddressSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7' }),
    type: OneOf(['Home', 'Work', 'Other']),
    house_number: Type.String(),
    street_locality: Type.String(),
    city: Type.String(),
    state: Type.String(),
    pincode: Type.String(),
    country: Type.String({ description: 'ISO 3166-1 alpha-2' }),
    is_default: Type.Boolean(),
  },
  {
    $id: 'Address',
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
export type PresentedAddress = Static<typeof AddressSchema>

export type AddressRow = Omit<Address, 'userId' | 'createdAt' | 'updatedAt'>

export function presentAddress(address: AddressRow): PresentedAddress {
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
