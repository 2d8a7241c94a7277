// How often an account's phone and email may change: each change tells whoever reads the old one, and that message costs.
import { Prisma } from '../generated/prisma/client.js'
import { type Counter, countOf, countUpToStatement, secondsLeft } from '../limits/counters.js'
import { windows } from '../limits/service.js'
import type { Asker } from '../sessions/asker.js'

/** Changes of one account in a day (UTC): added, changed and removed together. */
export const mostChangesPerDay = 5

/** For whoever has made them. */
export const changesAreOverLine = `Phone and email can be changed ${mostChangesPerDay} times a day`

/** Counted by account and not by identifier: each change makes another one of those. */
const changesOf = ({ userId }: Asker): Counter => ({ key: `identifier_changes:${userId}`, window: windows.day })

/** Whether the account had no change left when the statement began; {@link countChangeStatement} has the last word. */
export function changesAreOver(asker: Asker): Prisma.Sql {
  return Prisma.sql`(${countOf(changesOf(asker))} >= ${mostChangesPerDay})`
}

/**
 * Counts the change that the row of `source` (`FROM … WHERE …`) stands for; no row comes back where none is left.
 * To be run after the user was locked, in the statement that makes the change.
 */
export function countChangeStatement(asker: Asker, source: Prisma.Sql): Prisma.Sql {
  return countUpToStatement(changesOf(asker), mostChangesPerDay, source)
}

/** Whole seconds until the account may change again. */
export const secondsToNextChange = secondsLeft(windows.day)
