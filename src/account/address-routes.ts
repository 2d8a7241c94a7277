// One's own addresses: /users/me/addresses.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from '@sinclair/typebox'
import { atField, Problem } from '../errors.js'
import type { CountryCode } from '../identifiers/phone.js'
import { signedIn } from '../sessions/authenticate.js'
import { serializeAddress } from '../users/address.js'
import { type Policies, underPolicy, userActorOf } from '../users/policies.js'
import type { UsersService } from '../users/service.js'
import type { AddressBook, AddressDraft } from './address-book.js'
import { addAddress, changeAddress, listAddresses, removeAddress } from './address-schemas.js'

export type AddressOptions = {
  policies: Policies
  users: UsersService
  addressBook: AddressBook
  defaultCountry: CountryCode
}

export const addressRoutes: FastifyPluginAsyncTypebox<AddressOptions> = async (app, options) => {
  const { policies, users, addressBook, defaultCountry } = options
  policies.forSelf(app)

  app.get(
    '',
    {
      schema: {
        operationId: 'listAddresses',
        summary: 'My addresses',
        description: 'All of them: there are 20 at most.',
        ...underPolicy,
        ...listAddresses,
      },
    },
    async (request) => {
      const addresses = await users.addressesOf(signedIn(request).user.id)
      return { success: true, data: addresses.map(serializeAddress), next_cursor: null } as const
    },
  )

  app.post(
    '',
    {
      schema: {
        operationId: 'addAddress',
        summary: 'Add an address',
        description: 'The first one is the default. Postal codes are held against their country.',
        ...underPolicy,
        ...addAddress,
      },
    },
    async (request, reply) => {
      const { type = 'Home', pincode = '', country = defaultCountry, is_default = false } = request.body
      const draft = { ...textsOf(request.body), type, pincode, country, isDefault: is_default }
      const address = await addressBook.add(draft, userActorOf(request))
      reply.code(201)
      return { success: true, data: serializeAddress(address) } as const
    },
  )

  app.patch(
    '/:id',
    {
      schema: {
        operationId: 'changeAddress',
        summary: 'Change an address',
        description: 'What is not given stays. Only one’s own; of others there is none, 404.',
        ...underPolicy,
        ...changeAddress,
      },
    },
    async (request) => {
      const { params, body } = request
      const changes = changesOf(body)
      const address = await addressBook.change(params.id, changes, userActorOf(request))
      return { success: true, data: serializeAddress(address) } as const
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'removeAddress',
        summary: 'Remove an address',
        description: 'If it was the default, the oldest one that is left is the default now.',
        ...underPolicy,
        ...removeAddress,
      },
    },
    async (request) => {
      const id = request.params.id.toLowerCase()
      await addressBook.remove(id, userActorOf(request))
      return { success: true, data: { id } } as const
    },
  )
}

type Form = Static<typeof addAddress.body>

function textsOf({ house_number, street_locality, city, state }: Form) {
  return {
    houseNumber: house_number.trim(),
    streetLocality: street_locality.trim(),
    city: city.trim(),
    state: state.trim(),
  }
}

/**
 * The changes that a body asks for.
 * @throws Problem `validation_failed`
 */
function changesOf(body: Static<typeof changeAddress.body>): Partial<AddressDraft> {
  const { type, house_number, street_locality, city, state, pincode, country, is_default } = body
  const given = {
    type,
    houseNumber: house_number?.trim(),
    streetLocality: street_locality?.trim(),
    city: city?.trim(),
    state: state?.trim(),
    pincode,
    country,
    isDefault: is_default,
  }
  const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  if (Object.keys(changes).length === 0) {
    throw new Problem('validation_failed', atField('', 'Give at least one field to change'))
  }
  return changes
}
