// What a driver is: the one type that every way of sending a message implements.

type Words = Readonly<{
  /** E.164 or lower-case email, canonical */
  to: string
  /** undefined in a notice, which carries none */
  code?: string
  /** the words, in the person's language */
  text: string
  /** BCP 47 */
  locale: string
  /** seconds that the code is valid */
  expiresIn?: number
}>

export type SmsMessage = Words & Readonly<{ channel: 'sms' /** of the number, ISO 3166-1 alpha-2 */; country: string }>
export type EmailMessage = Words & Readonly<{ channel: 'email'; subject: string; html: string }>

/** A code or a notice on its way to somebody. */
export type Message = SmsMessage | EmailMessage

export type Acceptance = Readonly<{
  /** the provider's id of the message, where it has one */
  messageId?: string
}>

/**
 * Hands a message to a provider. Resolves when the provider took it. Throws {@link DeliveryRefused} when it certainly will not
 * deliver it, and anything else when nobody can know (a timeout, a broken answer).
 */
export type Sender = Readonly<{
  name: string
  send: (message: Message, signal: AbortSignal) => Promise<Acceptance>
  /** ends the connections that the driver keeps open */
  close?: () => Promise<void>
}>

/** The provider said no, or was never reached: the message did not go out. */
export class DeliveryRefused extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause })
    this.name = new.target.name
  }
}

/** The provider takes messages, but none for this recipient: no fault of the driver's, which stays as good for others. */
export class RecipientRefused extends DeliveryRefused {}

/** The recipient has told the provider that they want no messages of ours (STOP): no way around it is tried. */
export class RecipientOptedOut extends RecipientRefused {}
