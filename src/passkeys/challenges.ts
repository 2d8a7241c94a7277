// Challenges for passkeys to sign: rows that replicas share, each good for one answer, for five minutes, from whom it was given to.

import { hashTicket } from '../auth/signup-tickets.js'
import type { Database } from '../database/client.js'
import { Prisma } from '../generated/prisma/client.js'

/** Seconds that a challenge is good for. */
export const challengeTimeToLive = 300

/**
 * Whom a challenge is for: what a browser keeps as a cookie, and a client without cookies as `challenge_token`; or a session.
 */
export type Holder = Readonly<{ token: string } | { sessionId: string }>

export type Ceremony = 'registration' | 'authentication' | 'step_up'

export class PasskeyChallenges {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Keeps a challenge, by its digest. */
  async keep(challenge: string, ceremony: Ceremony, holder: Holder): Promise<void> {
    const { holderHash, sessionId } = columnsOf(holder)
    // Past Prisma's models, here and below, for the database's clock: theirs would be that of this machine.
    await this.#database.$executeRaw`
      INSERT INTO passkey_challenges (challenge_hash, purpose, holder_hash, session_id, expires_at)
      VALUES (${hashTicket(challenge)}, ${ceremony}::passkey_ceremony, ${holderHash}, ${sessionId}::uuid,
        now() + make_interval(secs => ${challengeTimeToLive}))`
  }

  /**
   * Uses a challenge up, whatever comes of the answer. Of two answers at once, one deletes its row.
   * @returns whether it was good
   */
  async use(challenge: string, ceremony: Ceremony, holder: Holder): Promise<boolean> {
    const { holderHash, sessionId } = columnsOf(holder)
    const whose =
      'token' in holder ? Prisma.sql`holder_hash = ${holderHash}` : Prisma.sql`session_id = ${sessionId}::uuid`
    const used = await this.#database.$executeRaw`
      DELETE FROM passkey_challenges
      WHERE challenge_hash = ${hashTicket(challenge)} AND purpose = ${ceremony}::passkey_ceremony AND ${whose} AND expires_at > now()`
    return used === 1
  }
}

function columnsOf(holder: Holder) {
  return 'token' in holder
    ? { holderHash: hashTicket(holder.token), sessionId: null }
    : { holderHash: null, sessionId: holder.sessionId }
}
