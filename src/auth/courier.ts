// Carries messages to people, a code or a notice, and tells the trail and the log how each went.
import type { DeliveryTrail } from '../audit/deliveries.js'
import type { Delivery, DeliveryReport } from '../delivery/chain.js'
import type { Messages } from '../delivery/messages.js'
import type { Message } from '../delivery/sender.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'

/** What became of a message, to be logged and counted. */
export type CarriedNotice = Traffic &
  Readonly<{ kind: 'sent'; driver: string } | { kind: 'undelivered'; outcome: 'refused' | 'uncertain' }>

/** A code, whoever asked for it, and the languages that its message may be in. */
export type OutgoingCode = Readonly<{
  code: string
  /** seconds */
  expiresIn: number
  /** BCP 47, the most wanted first */
  languages: readonly string[]
  caller: Caller
}>

/** That the ways to sign in have changed: to whom it is told, and who changed them. */
export type OutgoingNotice = Readonly<{ languages: readonly string[]; caller: Caller }>

export type Courier = ReturnType<typeof createCourier>

type CourierDependencies = {
  delivery: Delivery
  messages: Messages
  deliveries: DeliveryTrail
  onCarried: (notice: CarriedNotice) => void
}

export function createCourier({ delivery, messages, deliveries, onCarried }: CourierDependencies) {
  /** deliveries that nobody waits for */
  const underWay = new Set<Promise<unknown>>()

  function codeMessage(identifier: Identifier, { code, expiresIn, languages }: OutgoingCode): Message {
    const common = { to: identifier.identifier, code, expiresIn }
    const parts = { code, expiresIn, languages }
    if (identifier.method === 'email') return { channel: 'email', ...common, ...messages.email(parts) }
    return { channel: 'sms', country: identifier.country, ...common, ...messages.sms(parts) }
  }

  function noticeMessage(identifier: Identifier, languages: readonly string[]): Message {
    const to = identifier.identifier
    const { subject, text, html, sms, locale } = messages.changeNotice(languages)
    if (identifier.method === 'email') return { channel: 'email', to, locale, subject, text, html }
    return { channel: 'sms', country: identifier.country, to, locale, text: sms }
  }

  async function carry(identifier: Identifier, message: Message, caller: Caller): Promise<DeliveryReport> {
    const traffic = trafficOf(identifier)
    const report = await delivery.send(message)
    deliveries.note(caller, { identifier: identifier.identifier, traffic, report })
    if (report.outcome === 'accepted') onCarried({ kind: 'sent', driver: report.driver, ...traffic })
    else onCarried({ kind: 'undelivered', outcome: report.outcome, ...traffic })
    return report
  }

  function unawaited(carried: Promise<DeliveryReport>): void {
    underWay.add(carried)
    carried.finally(() => underWay.delete(carried))
  }

  const carryCode = (identifier: Identifier, code: OutgoingCode) =>
    carry(identifier, codeMessage(identifier, code), code.caller)

  return {
    carryCode,
    /** Carries a code and lets nobody wait for it: the answer must not tell how long it took. */
    carryCodeUnawaited: (identifier: Identifier, code: OutgoingCode) => unawaited(carryCode(identifier, code)),
    /** Tells that the ways to sign in have changed. What was changed stays so, whether or not this arrives. */
    tellOfChange: (identifier: Identifier, { languages, caller }: OutgoingNotice) =>
      unawaited(carry(identifier, noticeMessage(identifier, languages), caller)),
    /** Waits for what nobody waits for. */
    async settle(): Promise<void> {
      await Promise.all(underWay)
    },
  }
}
