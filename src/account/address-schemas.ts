// Bodies and answers of the routes on one's own addresses.
import { Type } from '@sinclair/typebox'
import { errorResponses, one, Removed, refer, shortList, signedInErrors, writingErrors } from '../http/responses.js'
import { closed } from '../http/validation.js'
import { AddressSchema, AddressType, AnyPincode, maxAddresses, Text } from '../users/address.js'
import { idParams } from '../users/self-schemas.js'

const [example] = AddressSchema.examples
const { id } = Object(example)

const oneAddress = (description: string) => one(refer(AddressSchema), description, example)

const texts = {
  house_number: Text('House or flat', '12B'),
  street_locality: Text('Street and locality', 'MG Road'),
  city: Text('City', 'Bengaluru'),
  state: Text('State', 'Karnataka'),
}

const choices = {
  type: Type.Optional(AddressType),
  pincode: Type.Optional(AnyPincode),
  country: Type.Optional(
    Type.String({ maxLength: 2, description: 'ISO 3166-1 alpha-2, in capitals', examples: ['IN'] }),
  ),
  is_default: Type.Optional(
    Type.Boolean({
      description: 'true takes the default from the address that has it; it moves, and never is nowhere',
    }),
  ),
}

export const listAddresses = {
  response: { 200: shortList(refer(AddressSchema), 'Oldest first', example), ...errorResponses(...signedInErrors) },
}

export const addAddress = {
  body: Type.Object(
    { ...texts, ...choices },
    {
      title: 'NewAddress',
      ...closed,
      description: `Where not given, the type is Home and the country the default one. There can be ${maxAddresses}; the first one is the default`,
      examples: [
        {
          type: 'Work',
          house_number: '7',
          street_locality: 'Brigade Road',
          city: 'Bengaluru',
          state: 'Karnataka',
          pincode: '560025',
        },
      ],
    },
  ),
  response: { 201: oneAddress('The address as it is kept'), ...errorResponses(...signedInErrors, ...writingErrors) },
}

export const changeAddress = {
  params: idParams,
  body: Type.Partial(Type.Object({ ...texts, ...choices }), {
    title: 'AddressChange',
    ...closed,
    description: 'At least one field. Country and postal code have to fit, whichever of them is given',
    examples: [{ is_default: true }],
  }),
  response: {
    200: oneAddress('The address as it is now'),
    ...errorResponses('not_found', ...signedInErrors, ...writingErrors),
  },
}

export const removeAddress = {
  params: idParams,
  response: {
    200: one(Removed, 'The address is gone. If it was the default, the oldest one left is it now', { id }),
    ...errorResponses('not_found', ...signedInErrors, ...writingErrors),
  },
}
