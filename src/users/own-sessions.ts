// Ending one's own sessions: one of them, or all others.
import { eventWriter } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { endOneStatement, endOthersStatement, type Holder } from './own-session-statements.js'

export type OwnSessions = ReturnType<typeof createOwnSessions>

export function createOwnSessions({ database }: { database: Database }) {
  /** @throws Problem `not_found` */
  async function end(id: string, holder: Holder, caller: Caller): Promise<void> {
    const [ended] = await database.$queryRaw<{ id: string }[]>(endOneStatement(id, holder, eventWriter(caller)))
    if (ended === undefined) throw new Problem('not_found')
  }

  /** Returns how many there were. */
  async function endOthers(holder: Holder, caller: Caller): Promise<number> {
    const [row] = await database.$queryRaw<[{ ended: number }]>(endOthersStatement(holder, eventWriter(caller)))
    return row.ended
  }

  return { end, endOthers }
}
