// Ending one's own sessions: one of them, or all others. A device goes with the session that was opened on it: whoever signs a lost
// phone out does not want it to keep its lane. Never the device of the session that asks.
import { Problem } from '../errors.js'
import type { Act, UserActor } from '../users/acting.js'

export class OwnSessions {
  readonly #act: Act

  constructor({ act }: { act: Act }) {
    this.#act = act
  }

  /** @throws Problem `not_found`; those of `act` */
  end(id: string, actor: UserActor): Promise<void> {
    const { userId } = actor
    return this.#act(actor, {}, async ({ transaction, deviceId, record }) => {
      const session = await transaction.session.findUnique({ where: { id, userId } })
      if (session === null) throw new Problem('not_found')
      await transaction.session.deleteMany({ where: { id, userId } })
      if (session.deviceId !== null && session.deviceId !== deviceId) {
        await transaction.device.deleteMany({ where: { id: session.deviceId, userId } })
      }
      await record({ event: 'session_logout', userId, detail: 'one of the list' })
    })
  }

  /**
   * Returns how many there were.
   * @throws those of `act`
   */
  endOthers(actor: UserActor): Promise<number> {
    const { userId, sessionId } = actor
    return this.#act(actor, {}, async ({ transaction, deviceId, record }) => {
      const { count } = await transaction.session.deleteMany({ where: { userId, id: { not: sessionId } } })
      await transaction.device.deleteMany({ where: { userId, ...(deviceId !== null && { id: { not: deviceId } }) } })
      await record({ event: 'session_logout', userId, detail: `others: ${count}` })
      return count
    })
  }
}
