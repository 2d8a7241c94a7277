// Sends a message that opens nothing through the drivers of the settings, and tells what each of them said:
// `latchkey send-test PHONE|EMAIL`. With `--driver NAME`, through that one alone; `--locale hi` chooses the language. Exit code 1 unless one took it.

import { UsageError } from '../config/command-line.js'
import { type Config, parseConfig } from '../config/config.js'
import { Problem, problemBody } from '../errors.js'
import { channelOf, type Identifier, IdentifierParser } from '../identifiers/parser.js'
import { closeSenders, createSenders } from '../messaging/drivers.js'
import { Delivery, type DeliveryOptions, type FailedAttempt } from '../messaging/failover.js'
import { codeMessage } from '../messaging/render.js'
import type { Message, Sender } from '../messaging/sender.js'
import { Messages } from '../messaging/templates/messages.js'
import { defineCommand, type WorkContext } from './command.js'
import { sendTest as declared } from './declarations.js'

export const sendTestCommand = defineCommand(declared, sendTestMessage)

type Context = WorkContext<typeof declared.options>

async function sendTestMessage(context: Context): Promise<number> {
  const { words, values, environment, say } = context
  const to = String(words[0])
  const config = parseConfig(environment)
  const identifier = readIdentifier(config, to)
  const message = messageOf(config, identifier, values.locale)
  const all = createSenders(config.delivery, (text) => say(text.trimEnd()))
  try {
    const channel = channelOf(identifier)
    const senders = { sms: [], email: [], [channel]: chooseSenders(all[channel], values.driver) }
    // Routes name drivers of their own; one that is asked for by name needs none.
    const routes = values.driver === undefined ? config.delivery.smsRoutes : new Map()
    say(`${channel} to ${identifier.identifier}`)
    return await trySenders({ senders, routes }, message, context)
  } finally {
    await closeSenders(all)
  }
}

/** @throws UsageError with what is wrong with it, in one line */
function readIdentifier({ identifiers, delivery }: Config, to: string): Identifier {
  const { defaultCountry, smsCountries: countries, latitude } = identifiers
  try {
    return new IdentifierParser({ defaultCountry, countries, latitude, channels: delivery.channels }).fromText(to)
  } catch (error) {
    /* c8 ignore next -- the parser throws nothing else */
    if (!(error instanceof Problem)) throw error
    throw new UsageError(problemBody(error.code, error.details).detail)
  }
}

/** The drivers of a channel, or the one of that name. */
function chooseSenders(senders: readonly Sender[], name: string | undefined): readonly Sender[] {
  const chosen = senders.filter((sender) => name === undefined || sender.name === name)
  if (chosen.length > 0) return chosen
  throw new UsageError(`--driver must be one of the channel's: ${senders.map((sender) => sender.name).join(', ')}`)
}

/** A message whose code is all zeros: no code was issued, so it opens nothing. */
function messageOf({ messages: settings, otp }: Config, identifier: Identifier, locale: string | undefined): Message {
  const messages = new Messages(settings, otp)
  if (locale !== undefined && messages.localeOf([locale]) === null) {
    throw new UsageError(`--locale must be one of ${[...messages.locales].sort().join(', ')}`)
  }
  const parts = {
    code: '0'.repeat(otp.length),
    expiresIn: otp.timeToLive,
    languages: locale === undefined ? [] : [locale],
  }
  return codeMessage(messages, identifier, parts)
}

type Choice = Pick<DeliveryOptions, 'senders' | 'routes'>

async function trySenders(choice: Choice, message: Message, { say, answer }: Context): Promise<number> {
  let turnBegan = performance.now()
  const endTurn = () => {
    const milliseconds = Math.round(performance.now() - turnBegan)
    turnBegan = performance.now()
    return milliseconds
  }
  const failures: object[] = []
  const onFailure = (_origin: unknown, attempt: FailedAttempt) => {
    const [milliseconds, reason] = [endTurn(), reasonOf(attempt.error)]
    failures.push({ driver: attempt.driver, refused: attempt.refused, milliseconds, reason })
    say(`${attempt.driver}: ${verdictOf(attempt)} after ${milliseconds} ms: ${reason}`)
  }
  const report = await new Delivery({ ...choice, onFailure }).send(message, { requestId: 'send-test' })
  if (report.outcome === 'accepted') {
    const { outcome, driver, messageId = null } = report
    const milliseconds = endTurn()
    const line = `${driver}: took it after ${milliseconds} ms, message id ${messageId ?? 'none'}`
    answer({ outcome, driver, messageId, milliseconds, failures }, [line])
    return 0
  }
  const { outcome } = report
  answer({ outcome, failures }, [
    outcome === 'refused' ? 'No driver took it' : 'No driver took it for certain; it may still arrive',
  ])
  return 1
}

const verdictOf = ({ refused }: FailedAttempt) => (refused ? 'refused it' : 'may have sent it, but failed')

/** What went wrong and what was behind it, in one line. */
function reasonOf(error: unknown): string {
  const { message, cause } = Object(error)
  return [message, Object(cause).message].filter(Boolean).join(': ').replace(/\s+/g, ' ')
}
