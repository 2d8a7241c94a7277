// Ending one's own sessions: one of them, or all others.
import { eventWriter } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import type { Asker } from '../sessions/asker.js'
import { endOneStatement, endOthersStatement } from './own-session-statements.js'

export type OwnSessions = ReturnType<typeof createOwnSessions>

export function createOwnSessions({ database }: { database: Database }) {
  /** @throws Problem `not_found` */
  async function end(id: string, asker: Asker, caller: Caller): Promise<void> {
    const [ended] = await database.$queryRaw<{ id: string }[]>(endOneStatement(id, asker, eventWriter(caller)))
    if (ended === undefined) throw new Problem('not_found')
  }

  /** Returns how many there were. */
  async function endOthers(asker: Asker, caller: Caller): Promise<number> {
    const [row] = await database.$queryRaw<[{ ended: number }]>(endOthersStatement(asker, eventWriter(caller)))
    return row.ended
  }

  return { end, endOthers }
}
