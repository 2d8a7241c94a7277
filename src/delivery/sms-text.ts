// The text of an SMS: words for people, and a last line for browsers and apps.
import type { MessageSettings } from '../config/message-settings.js'
import { smsSize } from './segments.js'
import { fill, type Values, type Wording } from './wording.js'

type Addressees = Pick<MessageSettings, 'webOtpDomain' | 'androidAppHash'>

/** The text with a code. */
export function smsText({ sms }: Pick<Wording, 'sms'>, values: Values, addressees: Addressees): string {
  const ending = lastLine(values.code, addressees)
  return fittingText(sms.map((sentence) => fill(sentence, values) + ending))
}

/** The first text that fits in one segment; where even the last does not, that one. */
export function fittingText(texts: readonly string[]): string {
  return texts.find((text) => smsSize(text).segments === 1) ?? String(texts.at(-1))
}

/**
 * `@domain #code` is a line of its own and the last one (WICG "Origin-bound one-time codes delivered via SMS", §3.2); whatever
 * follows the code in it is ignored by its readers, and SMS Retriever wants the app's hash at the end: so the hash follows there.
 * Plain ASCII, so that no mark of direction gets between.
 */
function lastLine(code: string, { webOtpDomain, androidAppHash }: Addressees): string {
  const parts = [webOtpDomain && `@${webOtpDomain} #${code}`, androidAppHash].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : `\n${parts.join(' ')}`
}
