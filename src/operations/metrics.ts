// What is counted for whoever runs the service (Prometheus). Labels come from short lists of ours: never an identifier, an address
// or a URL. docs/metrics.md explains each metric; a test holds it to this file.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DatabaseWatcher } from '../database/watch.js'
import type { MetricLabels } from '../identifiers/parser.js'
import { addDatabaseMetrics } from './database-metrics.js'
import { processMetrics } from './process-metrics.js'
import { addStateMetrics, type StateOptions } from './state-metrics.js'

/** What became of a send, as sending tells it. */
export type CountedSend = MetricLabels &
  Readonly<{
    kind: string
    driver?: string
    outcome?: string
    limit?: string
    code?: string | undefined
    result?: string
  }>

/** What became of a verification, or a new account, as signing in tells it. */
export type CountedSignIn =
  | (MetricLabels & Readonly<{ kind: 'verification'; result: string } | { kind: 'new_account' }>)
  | Readonly<{ kind: 'signed_in'; method: string }>
  | Readonly<{ kind: 'passkey'; ceremony: string; result: string }>

export type CountedAttempt = Readonly<{ channel: string; driver: string; refused: boolean }>

const eventResults = ['delivered', 'failed', 'parked'] as const
const hookResults = ['allowed', 'refused', 'failed'] as const

/** What became of webhooks of events. */
export type CountedEvents = Readonly<{ kind: (typeof eventResults)[number]; host: string; count?: number }>

/** A driver's circuit that opens, closes or is tried. */
export type CountedCircuit = Readonly<{ channel: string; driver: string; state: string }>

/** How a message ended, as its provider tells. */
export type CountedReceipt = MetricLabels & Readonly<{ driver: string; status: string }>

/** A request that was refused for load: what gives way first or then, and what there was too much of. */
export type CountedShed = Readonly<{ urgency: string; reason: string }>

/** `route` is the pattern, undefined where there is none. */
export type CountedRequest = Readonly<{ method: string; route: string | undefined; status: number; seconds: number }>

export type MetricsOptions = StateOptions &
  Readonly<{
    /** whose numbers get SMS */
    countries: readonly string[]
    /** of the URLs that are told of events */
    eventHosts: readonly string[]
  }>

/** Seconds. A verification takes a few milliseconds, a delivery up to five seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Label of what has no value of its own: mail has no country, a message that nobody took no driver. */
const none = 'none'

/** Which the doctor looks for. */
export const unreadableClients = 'latchkey_unreadable_clients_total'

/** Counters in a registry of their own: many services can live in one process. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #sends
  readonly #countriesClosed
  readonly #challenges
  readonly #failedAttempts
  readonly #driverRests
  readonly #receipts
  readonly #verifications
  readonly #newAccounts
  readonly #signIns
  readonly #passkeys
  readonly #guessAlarms
  readonly #unreadableClients
  readonly #eventDeliveries
  readonly #eventEndpointsOpen
  readonly #hooks
  readonly #requests
  readonly #shed
  readonly contentType
  /** what counts the calls of the database */
  readonly databaseWatcher: DatabaseWatcher

  constructor({ countries, eventHosts, ...replica }: MetricsOptions) {
    const registers = [this.#registry]
    const counter = <const Label extends string>(name: string, labelNames: readonly Label[], help: string) =>
      new Counter({ name, help, labelNames, registers })
    this.#sends = counter(
      'latchkey_sends_total',
      ['channel', 'country', 'driver', 'outcome'],
      'Codes asked for, by what became of them',
    )
    this.#challenges = counter(
      'latchkey_challenges_total',
      ['channel', 'result'],
      'Solutions of challenges, by whether they were right',
    )
    this.#countriesClosed = counter(
      'latchkey_countries_closed_total',
      ['country'],
      'Times that the circuit closed a country to numbers never verified before',
    )
    this.#failedAttempts = counter(
      'latchkey_delivery_failures_total',
      ['channel', 'driver', 'outcome'],
      'Attempts of a driver to deliver a code that failed; the next driver may have delivered it',
    )
    this.#driverRests = counter(
      'latchkey_driver_rests_total',
      ['channel', 'driver'],
      'Times that a driver failed so often that its circuit opened',
    )
    this.#receipts = counter(
      'latchkey_receipts_total',
      ['channel', 'country', 'driver', 'status'],
      'Messages whose provider told how they ended',
    )
    this.#verifications = counter(
      'latchkey_verifications_total',
      ['channel', 'country', 'result'],
      'Codes that were typed in, by what became of them',
    )
    // From the start: to Prometheus an increase from nothing to one is none, and a share of what is not there no share.
    for (const country of countries) {
      this.#countriesClosed.inc({ country }, 0)
      this.#verifications.inc({ channel: 'sms', country, result: 'accepted' }, 0)
    }
    this.#newAccounts = counter(
      'latchkey_accounts_created_total',
      ['channel', 'country'],
      'Accounts that people made by proving an identifier',
    )
    this.#signIns = counter(
      'latchkey_sign_ins_total',
      ['method'],
      'Sessions that people opened, by what they proved: a code by sms or email, or a passkey, which costs no message',
    )
    for (const method of ['sms', 'email', 'passkey']) this.#signIns.inc({ method }, 0)
    this.#passkeys = counter(
      'latchkey_passkeys_total',
      ['ceremony', 'result'],
      'Answers of passkeys, by what they were for and what became of them',
    )
    this.#guessAlarms = counter(
      'latchkey_guess_alarms_total',
      [],
      'Times that wrong guesses in all were found to have passed the alarm of this hour',
    )
    this.#unreadableClients = counter(
      unreadableClients,
      [],
      'Requests whose client a trusted proxy named by what is no address',
    )
    this.#eventDeliveries = counter(
      'latchkey_event_deliveries_total',
      ['endpoint', 'result'],
      'Webhooks of events: delivered, failed (and to be tried again), parked (given up)',
    )
    this.#eventEndpointsOpen = new Gauge({
      name: 'latchkey_event_endpoint_open',
      help: 'Endpoints of this host that take no events, and that this replica leaves alone but for a probe now and then',
      labelNames: ['endpoint'],
      registers,
    })
    for (const endpoint of eventHosts) {
      this.#eventEndpointsOpen.set({ endpoint }, 0)
      for (const result of eventResults) this.#eventDeliveries.inc({ endpoint, result }, 0)
    }
    this.#hooks = counter(
      'latchkey_signup_hooks_total',
      ['result'],
      'Accounts that the product was asked about: allowed, refused, failed (no answer)',
    )
    for (const result of hookResults) this.#hooks.inc({ result }, 0)
    this.#requests = new Histogram({
      name: 'latchkey_http_request_duration_seconds',
      help: 'Requests by route pattern, method and status',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers,
    })
    this.#shed = counter(
      'latchkey_shed_requests_total',
      ['urgency', 'reason'],
      'Requests that were refused with 503 before they were read, since there was too much to do',
    )
    this.databaseWatcher = addDatabaseMetrics(this.#registry)
    addStateMetrics(this.#registry, replica)
    this.contentType = this.#registry.contentType
  }

  countSend(send: CountedSend): void {
    const country = send.country ?? none
    if (send.kind === 'country_closed') this.#countriesClosed.inc({ country })
    else if (send.kind === 'challenge') this.#challenges.inc({ channel: send.channel, result: String(send.result) })
    else this.#sends.inc({ channel: send.channel, country, driver: send.driver ?? none, outcome: outcomeOf(send) })
  }

  countFailedAttempt({ channel, driver, refused }: CountedAttempt): void {
    this.#failedAttempts.inc({ channel, driver, outcome: refused ? 'refused' : 'uncertain' })
  }

  countCircuitChange({ channel, driver, state }: CountedCircuit): void {
    if (state === 'open') this.#driverRests.inc({ channel, driver })
  }

  countReceipt({ channel, country, driver, status }: CountedReceipt): void {
    this.#receipts.inc({ channel, country: country ?? none, driver, status })
  }

  countSignIn(notice: CountedSignIn): void {
    switch (notice.kind) {
      case 'signed_in':
        this.#signIns.inc({ method: notice.method })
        break
      case 'passkey':
        this.#passkeys.inc({ ceremony: notice.ceremony, result: notice.result })
        break
      case 'new_account':
        this.#newAccounts.inc({ channel: notice.channel, country: notice.country ?? none })
        break
      default:
        this.#verifications.inc({ channel: notice.channel, country: notice.country ?? none, result: notice.result })
    }
  }

  countAttemptAlarm(): void {
    this.#guessAlarms.inc()
  }

  countEvents({ kind, host, count = 1 }: CountedEvents): void {
    this.#eventDeliveries.inc({ endpoint: host, result: kind }, count)
  }

  /** @param change 1 where an endpoint is left alone from now on, -1 where it no longer is */
  countEndpoint(host: string, change: 1 | -1): void {
    this.#eventEndpointsOpen.inc({ endpoint: host }, change)
  }

  countHook(result: (typeof hookResults)[number]): void {
    this.#hooks.inc({ result })
  }

  countUnreadableClient(): void {
    this.#unreadableClients.inc()
  }

  countRequest({ method, route = 'unknown', status, seconds }: CountedRequest): void {
    this.#requests.observe({ method, route, status }, seconds)
  }

  /** A function: it is handed on by itself. */
  readonly countShed = (shed: CountedShed): void => {
    this.#shed.inc(shed)
  }

  /** The labels of each metric, by its name: what dashboards and alerts may ask for. */
  get labels(): ReadonlyMap<string, readonly string[]> {
    const described = [this.#registry, processMetrics()].flatMap((registry) => registry.getMetricsAsArray())
    // As each was made with them; its type leaves them out.
    return new Map(described.map((metric) => [metric.name, Reflect.get(metric, 'labelNames') as readonly string[]]))
  }

  /** All of it, in Prometheus' text format. */
  async read(): Promise<string> {
    const texts = await Promise.all([this.#registry.metrics(), processMetrics().metrics()])
    return texts.join('\n')
  }
}

function outcomeOf({ kind, outcome, limit, code }: CountedSend): string {
  if (code === 'challenge_required') return 'challenged'
  if (limit !== undefined) return `limited_${limit}`
  return outcome === undefined ? kind : `delivery_${outcome}`
}
