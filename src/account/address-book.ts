// The addresses of a user, at most 20, exactly one of them the default. One writer of a user after the other: how many there are and
// which one is the default is asked of several rows.
import { newId } from '../database/ids.js'
import { atField, Problem } from '../errors.js'
import type { Act, ActingContext, UserActor } from '../users/acting.js'
import { type AddressRow, maxAddresses } from '../users/address.js'
import { checkedPincode, isCountry } from '../users/postal-code.js'

export type AddressDraft = Omit<AddressRow, 'id'>

export class AddressBook {
  readonly #act: Act

  constructor({ act }: { act: Act }) {
    this.#act = act
  }

  /**
   * Adds an address; the first one is the default, whatever it says.
   * @throws Problem `validation_failed` for a country or postal code that is none, and where there are 20; those of `act`
   */
  async add(draft: AddressDraft, actor: UserActor): Promise<AddressRow> {
    const { userId } = actor
    const address = { ...checked(draft), id: newId(), userId }
    return this.#act(actor, {}, async (context) => {
      const { transaction, now, record } = context
      const others = await transaction.address.findMany({ where: { userId }, select: { isDefault: true } })
      if (others.length >= maxAddresses) {
        throw new Problem('validation_failed', {
          errors: [`There can be ${maxAddresses} addresses: delete one first`],
        })
      }
      const isDefault = draft.isDefault || !others.some((other) => other.isDefault)
      if (isDefault) await releaseDefault(context, userId)
      const data = { ...address, isDefault, createdAt: now, updatedAt: now }
      const added = await transaction.address.create({ data })
      await record({ event: 'user_updated', userId, detail: 'address added' })
      return added
    })
  }

  /**
   * Changes the fields that are given. Another country is held against the postal code that is there, and the other way round.
   * @throws Problem `not_found`; `validation_failed`, also for taking the default away without giving it to another one; those of
   * `act`
   */
  change(id: string, changes: Partial<AddressDraft>, actor: UserActor): Promise<AddressRow> {
    const { userId } = actor
    return this.#act(actor, {}, async (context) => {
      const { transaction, now, record } = context
      const current = await transaction.address.findUnique({ where: { id, userId } })
      if (current === null) throw new Problem('not_found')
      if (current.isDefault && changes.isDefault === false) {
        throw new Problem(
          'validation_failed',
          atField('is_default', 'is_default moves by making another address the default'),
        )
      }
      const isElsewhere = changes.country !== undefined || changes.pincode !== undefined
      const merged = { ...current, ...changes }
      const address = isElsewhere ? checked(merged) : merged
      if (changes.isDefault && !current.isDefault) await releaseDefault(context, userId)
      const changed = await transaction.address.update({ where: { id }, data: { ...address, updatedAt: now } })
      await record({ event: 'user_updated', userId, detail: 'address changed' })
      return changed
    })
  }

  /**
   * Removes an address; where it was the default, the oldest one left is it now.
   * @throws Problem `not_found`; those of `act`
   */
  remove(id: string, actor: UserActor): Promise<void> {
    const { userId } = actor
    return this.#act(actor, {}, async ({ transaction, now, record }) => {
      const removed = await transaction.address.findUnique({ where: { id, userId } })
      if (removed === null) throw new Problem('not_found')
      await transaction.address.deleteMany({ where: { id } })
      const heir = await transaction.address.findFirst({
        where: { userId },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      })
      if (removed.isDefault && heir !== null) {
        await transaction.address.update({ where: { id: heir.id }, data: { isDefault: true, updatedAt: now } })
      }
      await record({ event: 'user_updated', userId, detail: 'address removed' })
    })
  }
}

/** Takes the default from whichever address has it: a unique index lets one alone have it, so before another one gets it. */
function releaseDefault({ transaction, now }: ActingContext, userId: string) {
  return transaction.address.updateMany({
    where: { userId, isDefault: true },
    data: { isDefault: false, updatedAt: now },
  })
}

function checked<Place extends Pick<AddressRow, 'country' | 'pincode'>>(place: Place): Place {
  if (!isCountry(place.country)) {
    throw new Problem('validation_failed', atField('country', 'country must be one of ISO 3166-1 alpha-2, such as IN'))
  }
  return { ...place, pincode: checkedPincode(place.country, place.pincode) }
}
