// Sends a message through the first driver that takes it, in the order of settings and routes, within a bounded time.

import { Circuit, type CircuitSettings, type CircuitStatus, OpenCircuitError } from '../circuit.js'
import { inSpan } from '../tracing/tracer.js'
import { DeliveryRefused, type Message, RecipientOptedOut, RecipientRefused, type Sender } from './sender.js'

/** Milliseconds that a whole delivery may take, and that a driver may while there is another one to try. */
export const deliveryTime = { total: 5_000, driver: 3_000 }
const circuitDefaults: CircuitSettings = { failures: 5, rest: 30_000 }

/** Why a message can't be delivered, where the recipient's client is to be told. */
export type RefusalReason = 'recipient_opted_out'

export type DeliveryReport = Readonly<
  | { outcome: 'accepted'; driver: string; messageId: string | undefined }
  /** no driver let it out; `reason` where the recipient wants none */
  | { outcome: 'refused'; reason?: RefusalReason }
  /** none confirmed it, but one may have let it out; `isDown` where one has been failing for some time */
  | { outcome: 'uncertain'; isDown: boolean }
>

/** `resting` where the driver was not asked. */
type AttemptReport = Exclude<DeliveryReport, { outcome: 'uncertain' }> | Readonly<{ outcome: 'uncertain' | 'resting' }>

/** The request that a message is sent for. */
type Origin = Readonly<{ requestId: string }>

export type FailedAttempt = Readonly<{ driver: string; channel: Message['channel']; refused: boolean; error: unknown }>
export type CircuitChange = Readonly<{ driver: string; channel: Message['channel']; state: CircuitStatus }>

/** The drivers of each channel, in the order in which they are tried. */
export type Senders = Readonly<Record<Message['channel'], readonly Sender[]>>

/** The names of drivers by country (ISO 3166-1 alpha-2), `*` for the others, in the order in which they are tried. */
export type Routes = ReadonlyMap<string, readonly string[]>

type Turn = Readonly<{
  sender: Sender
  circuit: Circuit<Origin>
  /** tried although it rests */
  isHalfOpen: boolean
}>

/** What a driver is asked for, and how long that may take. */
type Errand = Readonly<{ message: Message; origin: Origin; milliseconds: number }>

export type DeliveryOptions = Readonly<{
  senders: Senders
  /** of SMS */
  routes?: Routes
  onFailure: (origin: Origin, attempt: FailedAttempt) => void
  onCircuitChange?: (origin: Origin, change: CircuitChange) => void
  time?: typeof deliveryTime
  circuit?: CircuitSettings
}>

export class Delivery {
  readonly #senders: Senders
  readonly #routes: NonNullable<DeliveryOptions['routes']>
  readonly #onFailure: DeliveryOptions['onFailure']
  readonly #onCircuitChange: DeliveryOptions['onCircuitChange']
  readonly #time: NonNullable<DeliveryOptions['time']>
  readonly #circuit: NonNullable<DeliveryOptions['circuit']>
  readonly #drivers

  constructor(options: DeliveryOptions) {
    const {
      senders,
      routes = new Map(),
      onFailure,
      onCircuitChange,
      time = deliveryTime,
      circuit = circuitDefaults,
    } = options
    this.#senders = senders
    this.#routes = routes
    this.#onFailure = onFailure
    this.#onCircuitChange = onCircuitChange
    this.#time = time
    this.#circuit = circuit
    this.#drivers = { sms: this.#guarded('sms'), email: this.#guarded('email') }
  }

  #guarded(channel: Message['channel']) {
    return this.#senders[channel].map((sender) => ({
      sender,
      circuit: new Circuit<Origin>({
        ...this.#circuit,
        // A number that does not exist says nothing of the driver.
        isFailure: (error) => !(error instanceof RecipientRefused),
        onState: (origin, state) => this.#onCircuitChange?.(origin, { driver: sender.name, channel, state }),
      }),
    }))
  }

  #driversFor(message: Message) {
    if (message.channel === 'email') return this.#drivers.email
    const names: readonly string[] | undefined = this.#routes.get(message.country) ?? this.#routes.get('*')
    return names?.flatMap((name) => this.#drivers.sms.filter(({ sender }) => sender.name === name)) ?? this.#drivers.sms
  }

  #longest(isLast: boolean) {
    return isLast ? this.#time.total : this.#time.driver
  }

  /** One turn of a driver. */
  async #attempt(
    { sender, circuit, isHalfOpen }: Turn,
    { message, origin, milliseconds }: Errand,
  ): Promise<AttemptReport> {
    const { channel } = message
    const span = {
      name: `deliver ${channel}`,
      attributes: { 'latchkey.channel': channel, 'latchkey.driver': sender.name },
    }
    const work = () => inSpan(span, () => within(milliseconds, (signal) => sender.send(message, signal)))
    try {
      const { messageId } = await (isHalfOpen ? circuit.attemptAnyway(origin, work) : circuit.attempt(origin, work))
      return { outcome: 'accepted', driver: sender.name, messageId } as const
    } catch (error) {
      if (error instanceof OpenCircuitError) return { outcome: 'resting' } as const
      const refused = error instanceof DeliveryRefused
      this.#onFailure(origin, { driver: sender.name, channel: message.channel, refused, error })
      if (error instanceof RecipientOptedOut) return { outcome: 'refused', reason: 'recipient_opted_out' } as const
      return { outcome: refused ? 'refused' : 'uncertain' } as const
    }
  }

  /** How each driver stands in this replica. */
  circuits(): CircuitChange[] {
    return (['sms', 'email'] as const).flatMap((channel) =>
      this.#drivers[channel].map(({ sender, circuit }) => ({ driver: sender.name, channel, state: circuit.status })),
    )
  }

  async send(message: Message, origin: Origin): Promise<DeliveryReport> {
    const end = performance.now() + this.#time.total
    const line: Turn[] = this.#driversFor(message).map((driver) => ({ ...driver, isHalfOpen: false }))
    const outcomes = new Set<string>()
    for (const turn of line) {
      const left = end - performance.now()
      if (left < 1) break
      const milliseconds = Math.min(left, this.#longest(turn === line.at(-1)))
      const report = await this.#attempt(turn, { message, origin, milliseconds })
      // Nobody goes around a person's STOP by another provider.
      if (report.outcome === 'accepted' || isOptOut(report)) return report
      // To the end of the line: a last resort is better than no message, and shows at once that a provider is back.
      if (report.outcome === 'resting') line.push({ ...turn, isHalfOpen: true })
      outcomes.add(report.outcome)
    }
    if (!outcomes.has('uncertain')) return { outcome: 'refused' }
    return { outcome: 'uncertain', isDown: outcomes.has('resting') }
  }
}

const isOptOut = (report: AttemptReport): report is Extract<AttemptReport, { outcome: 'refused' }> =>
  report.outcome === 'refused' && report.reason !== undefined

/** Ends with the work or with its time, also where a driver ignores its signal. */
async function within<Result>(milliseconds: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`no answer within ${Math.round(milliseconds)} ms`)
      controller.abort(error)
      reject(error)
    }, Math.ceil(milliseconds))
  })
  try {
    return await Promise.race([work(controller.signal), timeout])
  } finally {
    clearTimeout(timer)
  }
}
