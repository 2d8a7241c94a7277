// What a send had counted, given back where its message did not go out (prisma/functions/send_code.sql: give_back_send).
import type { Database } from '../database/client.js'
import type { Identifier } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { DeliveryReport } from '../messaging/failover.js'
import type { CountedSend } from './send-decision.js'

export class SendReturns {
  readonly #database: Database
  readonly #limits: Limits

  constructor(database: Database, limits: Limits) {
    this.#database = database
    this.#limits = limits
  }

  /** Gives back what a message had counted that did not go out; of one that a provider which is down may have taken, the count of its country. */
  async settle(report: DeliveryReport, counted: CountedSend): Promise<void> {
    if (report.outcome === 'refused') await this.#giveBack(counted)
    else if (report.outcome === 'uncertain' && report.isDown) await this.#uncountInCountry(counted)
  }

  async #giveBack(counted: CountedSend): Promise<void> {
    const { identifier, draft, answer } = counted
    const { budget, lane, isHidden, isFromReserve, isKnown, shard, countedAt } = answer
    const { mailboxKey, domainKey } = this.#limits.mailKeysOf(emailOf(identifier))
    const text = `SELECT "${this.#database.functionSchema}".give_back_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS budget_too`
    const [row] = await this.#database.run<[{ budget_too: boolean }]>({
      text,
      values: [
        ...[draft.identifier, draft.purpose, draft.codeId, isHidden, isFromReserve],
        // Of a trusted device's mail nothing was counted on its mailbox.
        ...[lane === '' ? mailboxKey : null, isKnown ? null : domainKey, newCountryOf(counted), shard, countedAt],
      ],
    })
    if (row.budget_too && budget !== null) this.#limits.leases.giveBack(budget, countedAt)
  }

  async #uncountInCountry(counted: CountedSend): Promise<void> {
    const country = newCountryOf(counted)
    // Who is known stays counted: the next send to them would come out of the budget again.
    if (country === null) return
    const text = `SELECT "${this.#database.functionSchema}".uncount_in_country($1, $2, $3, $4, $5)`
    const { draft, answer } = counted
    await this.#database.run({
      text,
      values: [draft.identifier, draft.codeId, country, answer.shard, answer.countedAt],
    })
  }
}

/** The country that a new number was counted in; null for others. */
const newCountryOf = ({ identifier, answer }: CountedSend) =>
  identifier.method === 'phone' && !answer.isKnown ? identifier.country : null

export const emailOf = ({ method, identifier }: Identifier) => (method === 'email' ? identifier : null)
