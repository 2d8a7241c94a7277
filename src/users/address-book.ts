// The addresses of a user, at most 20, exactly one of them the default.
import { eventWriter } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { Problem } from '../errors.js'
import type { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import { type AddressRow, mostAddresses } from './address.js'
import {
  addAddressStatement,
  changeAddressStatement,
  lockOwnerStatement,
  readAddressStatement,
  removeAddressStatement,
} from './address-statements.js'
import { checkedPincode, isCountry } from './postal-code.js'

export type AddressDraft = Omit<AddressRow, 'id'>

export type AddressBook = ReturnType<typeof createAddressBook>

/** Milliseconds that a writer waits for a connection and then may take: as long as any other call waits for the pool. */
const patience = { maxWait: 5_000, timeout: 5_000 }

export function createAddressBook({ database }: { database: Database }) {
  /** Runs what writes addresses, one writer of a user after the other. Each of its statements sees what was there before it. */
  function asOnlyWriter<Result>(userId: string, write: (transaction: Prisma.TransactionClient) => Promise<Result>) {
    return database.$transaction(
      async (transaction) => {
        const [owner] = await transaction.$queryRaw<{ id: string }[]>(lockOwnerStatement(userId))
        // Deleted since the request was let in.
        if (owner === undefined) throw new Problem('unauthorized', { invalidToken: true })
        return write(transaction)
      },
      { isolationLevel: 'ReadCommitted', ...patience },
    )
  }

  /**
   * Adds an address; the first one is the default, whatever it says.
   * @throws Problem `validation_failed` for a country or postal code that is none, and where there are 20
   */
  function add(userId: string, draft: AddressDraft, caller: Caller): Promise<AddressRow> {
    const address = { ...checked(draft), id: newId() }
    return asOnlyWriter(userId, async (transaction) => {
      const statement = addAddressStatement(userId, address, eventWriter(caller))
      const [added] = await transaction.$queryRaw<AddressRow[]>(statement)
      if (added !== undefined) return added
      throw new Problem('validation_failed', { errors: [`There can be ${mostAddresses} addresses: delete one first`] })
    })
  }

  /**
   * Changes the fields that are given. Another country is held against the postal code that is there, and the other way round.
   * @throws Problem `not_found`; `validation_failed`, also for taking the default away without giving it to another one
   */
  function change(userId: string, id: string, changes: Partial<AddressDraft>, caller: Caller): Promise<AddressRow> {
    return asOnlyWriter(userId, async (transaction) => {
      const [current] = await transaction.$queryRaw<AddressRow[]>(readAddressStatement(userId, id))
      if (current === undefined) throw new Problem('not_found')
      if (current.isDefault && changes.isDefault === false) {
        throw new Problem('validation_failed', { errors: ['is_default moves by making another address the default'] })
      }
      const isElsewhere = changes.country !== undefined || changes.pincode !== undefined
      const merged = { ...current, ...changes }
      const address = isElsewhere ? checked(merged) : merged
      const statement = changeAddressStatement(userId, address, eventWriter(caller))
      const [changed] = await transaction.$queryRaw<[AddressRow]>(statement)
      return changed
    })
  }

  /**
   * Removes an address; where it was the default, the oldest one left is it now.
   * @throws Problem `not_found`
   */
  function remove(userId: string, id: string, caller: Caller): Promise<void> {
    return asOnlyWriter(userId, async (transaction) => {
      const statement = removeAddressStatement(userId, id, eventWriter(caller))
      const [removed] = await transaction.$queryRaw<{ id: string }[]>(statement)
      if (removed === undefined) throw new Problem('not_found')
    })
  }

  return { add, change, remove }
}

function checked<Place extends Pick<AddressRow, 'country' | 'pincode'>>(place: Place): Place {
  if (!isCountry(place.country)) {
    throw new Problem('validation_failed', { errors: ['country must be one of ISO 3166-1 alpha-2, such as IN'] })
  }
  return { ...place, pincode: checkedPincode(place.country, place.pincode) }
}
