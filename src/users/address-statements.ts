// The SQL of a user's addresses. Each is run behind `lockOwnerStatement` in one transaction, so that it sees what the one before
// it left: how many there are, and which one is the default.
import type { WriteEvent } from '../audit/events.js'
import { Prisma } from '../generated/prisma/client.js'
import { type AddressRow, mostAddresses } from './address.js'

/** The columns of an address ({@link AddressRow}), of the table or part called `a`. */
const addressColumns = Prisma.sql`a.id, a.type::text AS type, a.house_number AS "houseNumber",
  a.street_locality AS "streetLocality", a.city, a.state, a.pincode, a.country, a.is_default AS "isDefault"`

/** Lets one writer at a time at a user's addresses; sign-ins do not wait for it. No row comes back where the user is gone. */
export function lockOwnerStatement(userId: string): Prisma.Sql {
  return Prisma.sql`SELECT id FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
}

export function readAddressStatement(userId: string, id: string): Prisma.Sql {
  return Prisma.sql`
    SELECT ${addressColumns} FROM addresses a WHERE a.id = ${id}::uuid AND a.user_id = ${userId}::uuid`
}

/**
 * Takes the default from another address of the user, where `isMoved` says so. One default is in a unique index: whoever sets
 * another one has to ask for the rows of this part first.
 */
function releaseDefaultStatement(userId: string, isMoved: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    UPDATE addresses SET is_default = false, updated_at = now()
    WHERE user_id = ${userId}::uuid AND is_default AND ${isMoved} RETURNING id`
}

const isReleased = Prisma.sql`(SELECT count(*) FROM released) >= 0`

function addressEvent(userId: string, detail: string, source: Prisma.Sql, writeEvent: WriteEvent): Prisma.Sql {
  const columns = {
    event: Prisma.sql`'user_updated'`,
    userId: Prisma.sql`${userId}::uuid`,
    detail: Prisma.sql`${detail}`,
  }
  return writeEvent(columns, source)
}

/**
 * Adds an address, the first one as the default. No row comes back where the user has as many as there may be; then the
 * transaction has to be rolled back, and the default stays.
 */
export function addAddressStatement(userId: string, address: AddressRow, writeEvent: WriteEvent): Prisma.Sql {
  const isRoom = Prisma.sql`(SELECT count(*) FROM addresses WHERE user_id = ${userId}::uuid) < ${mostAddresses}`
  return Prisma.sql`
    WITH released AS (${releaseDefaultStatement(userId, Prisma.sql`${address.isDefault}`)}),
    added AS (
      INSERT INTO addresses (
        id, user_id, type, house_number, street_locality, city, state, pincode, country, is_default
      )
      SELECT ${address.id}::uuid, ${userId}::uuid, ${address.type}::address_type, ${address.houseNumber},
        ${address.streetLocality}, ${address.city}, ${address.state}, ${address.pincode}, ${address.country},
        ${address.isDefault} OR NOT EXISTS (SELECT FROM addresses WHERE user_id = ${userId}::uuid AND is_default)
      WHERE ${isRoom} AND ${isReleased}
      RETURNING *
    ),
    event AS (${addressEvent(userId, 'address added', Prisma.sql`added`, writeEvent)})
    SELECT ${addressColumns} FROM added a`
}

/** Writes an address that is there, and moves the default to it where it is to have it. */
export function changeAddressStatement(userId: string, address: AddressRow, writeEvent: WriteEvent): Prisma.Sql {
  const isMoved = Prisma.sql`${address.isDefault} AND id <> ${address.id}::uuid`
  return Prisma.sql`
    WITH released AS (${releaseDefaultStatement(userId, isMoved)}),
    changed AS (
      UPDATE addresses SET type = ${address.type}::address_type, house_number = ${address.houseNumber},
        street_locality = ${address.streetLocality}, city = ${address.city}, state = ${address.state},
        pincode = ${address.pincode}, country = ${address.country}, is_default = ${address.isDefault}, updated_at = now()
      WHERE id = ${address.id}::uuid AND user_id = ${userId}::uuid AND ${isReleased}
      RETURNING *
    ),
    event AS (${addressEvent(userId, 'address changed', Prisma.sql`changed`, writeEvent)})
    SELECT ${addressColumns} FROM changed a`
}

/** Removes an address; the default goes to the oldest one that is left. No row comes back where there is no such address. */
export function removeAddressStatement(userId: string, id: string, writeEvent: WriteEvent): Prisma.Sql {
  return Prisma.sql`
    WITH removed AS (
      DELETE FROM addresses WHERE id = ${id}::uuid AND user_id = ${userId}::uuid RETURNING id, is_default
    ),
    inherited AS (
      UPDATE addresses SET is_default = true, updated_at = now()
      WHERE id = (
        SELECT id FROM addresses WHERE user_id = ${userId}::uuid AND id <> ${id}::uuid ORDER BY created_at, id LIMIT 1
      ) AND (SELECT is_default FROM removed)
    ),
    event AS (${addressEvent(userId, 'address removed', Prisma.sql`removed`, writeEvent)})
    SELECT id FROM removed`
}
