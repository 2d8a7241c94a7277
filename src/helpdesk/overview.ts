// How the service as a whole does: what became of messages and what they cost, what is closed or used up, and opening a country again.
import { type MessageCounts, readMessageCounts } from '../audit/message-hours.js'
import { type CostSettings, costOf } from '../config/cost-settings.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { BudgetUse, Limits } from '../limits/service.js'
import type { Delivery } from '../messaging/failover.js'
import type { Act, RequestActor } from '../users/acting.js'

/** Seconds, or parts of them, that an answer about messages is shared by whoever asks: a page asks again and again. */
const keptFor = 5_000

/** Of a budget, from this share on somebody should look. */
const nearlyUsedUp = 0.8

type OverviewDependencies = {
  database: Database
  act: Act
  limits: Limits
  delivery: Pick<Delivery, 'circuits'>
  costs: CostSettings
}

type Kept = { hours: number; until: number; counts: Promise<MessageCounts[]> }

export class Overview {
  readonly #database: Database
  readonly #act: Act
  readonly #limits: Limits
  readonly #delivery: Pick<Delivery, 'circuits'>
  readonly #costs: CostSettings
  #kept: Kept[] = []

  constructor({ database, act, limits, delivery, costs }: OverviewDependencies) {
    this.#database = database
    this.#act = act
    this.#limits = limits
    this.#delivery = delivery
    this.#costs = costs
  }

  /** What became of the messages of the last so many hours, and what they cost; at most five seconds old. */
  async numbers(hours: number) {
    const counts = await this.#counts(hours)
    const currency = this.#costs.prices.size > 0 ? this.#costs.currency : null
    const rows = counts.map((row) => ({ ...row, cost: costOf(this.#costs, row.channel, row.country, row.sent) }))
    return { rows, currency }
  }

  #counts(hours: number): Promise<MessageCounts[]> {
    const now = performance.now()
    this.#kept = this.#kept.filter(({ until }) => until > now)
    const known = this.#kept.find((kept) => kept.hours === hours)
    if (known !== undefined) return known.counts
    const asked: Kept = { hours, until: now + keptFor, counts: readMessageCounts(this.#database, hours) }
    this.#kept.push(asked)
    asked.counts.catch(() => {
      this.#kept = this.#kept.filter((kept) => kept !== asked)
    })
    return asked.counts
  }

  /** What refuses people at the moment, or is going to. */
  async blocks() {
    const [budgets, countries] = await Promise.all([this.#limits.budgetUse(), this.#limits.closedCountries()])
    return {
      budgets: budgets.map((budget) => ({ ...budget, advice: adviceOn(budget) })),
      countries,
      drivers: this.#delivery.circuits(),
    }
  }

  /**
   * Opens a country to new numbers again. What was sent there before counts no more towards closing it, but for the last five minutes.
   * @param country ISO 3166-1 alpha-2
   * @throws Problem `not_found` where it is not closed; those of `act`
   */
  openCountry(country: string, reason: string, actor: RequestActor): Promise<void> {
    return this.#act(actor, { isForAdmins: true }, async ({ transaction, now, record }) => {
      const { count } = await transaction.countryBreaker.updateMany({
        where: { country, closedUntil: { gt: now } },
        data: { closedUntil: now },
      })
      if (count === 0) throw new Problem('not_found', { errors: [`${country} is not closed`] })
      await record({ event: 'authz_admin', detail: `open country ${country}: ${reason}` })
    })
  }
}

/** What somebody should do about a budget, for the words of whoever shows it. */
function adviceOn({ used, limit }: BudgetUse): 'used_up' | 'nearly_used_up' | 'fine' {
  if (used >= limit) return 'used_up'
  return used >= nearlyUsedUp * limit ? 'nearly_used_up' : 'fine'
}
