// The text of an SMS: words for people, and a last line for browsers and apps.
import type { MessageSettings } from '../../config/message-settings.js'
import { fill, type Template, type Values } from './template.js'

type Addressees = Pick<MessageSettings, 'webOtpDomain' | 'androidAppHash'>

/** The text with a code. */
export function smsText({ sms }: Pick<Template, 'sms'>, values: Values, addressees: Addressees): string {
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

// How much of an SMS a text takes: networks bill by the segment of 140 bytes (3GPP TS 23.038, TS 23.040).

/** GSM 7-bit default alphabet: one septet each. */
const basic = new Set(
  `@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà`,
)
/** Its extension table: an escape and a septet. */
const extended = new Set('\f^{}\\[~]|€')

/** What fits into a message that is one segment, and into each segment of a longer one, whose header takes 6 bytes. */
const capacities = { 'GSM-7': { alone: 160, joined: 153 }, 'UCS-2': { alone: 70, joined: 67 } }

export type SmsSize = Readonly<{
  encoding: keyof typeof capacities
  /** septets of GSM-7, or code units of UCS-2 */
  units: number
  segments: number
}>

/** One character outside of GSM-7 makes all of them cost two bytes. */
export function smsSize(text: string): SmsSize {
  const characters = [...text]
  const encoding = characters.every((character) => basic.has(character) || extended.has(character)) ? 'GSM-7' : 'UCS-2'
  const sizes = characters.map((character) => (extended.has(character) ? 2 : character.length))
  const units = encoding === 'GSM-7' ? sum(sizes) : text.length
  const { alone, joined } = capacities[encoding]
  if (units <= alone) return { encoding, units, segments: 1 }
  return {
    encoding,
    units,
    segments: pack(encoding === 'GSM-7' ? sizes : characters.map(({ length }) => length), joined),
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}

/** Segments that characters fill in their order; none is cut in two. */
function pack(sizes: readonly number[], capacity: number): number {
  let segments = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > capacity) {
      segments++
      used = 0
    }
    used += size
  }
  return segments
}
