// How long a code is valid, in words.

type Unit = 'minute' | 'second'
type Style = 'long' | 'short'

/** In words already: there are some 130 for each of our languages and styles, and putting one into words takes longer than the rest of a message. */
const inWords = new Map<string, string>()

/**
 * "5 minutes" or "5 min" in one of our languages (BCP 47), in its plural. Never more than it is: rounded down to minutes, and told
 * in seconds below two minutes, where half of it could get lost that way.
 */
export function durationIn(locale: string, seconds: number, style: Style): string {
  const isMinutes = seconds >= 120 || seconds === 60
  const count = isMinutes ? Math.floor(seconds / 60) : seconds
  const key = `${locale} ${count} ${isMinutes} ${style}`
  const known = inWords.get(key)
  if (known) return known
  const words = putIntoWords(locale, count, isMinutes ? 'minute' : 'second', style)
  inWords.set(key, words)
  return words
}

function putIntoWords(locale: string, count: number, unit: Unit, unitDisplay: Style): string {
  // One row of digits for the code and for this: people compare codes digit by digit.
  const options = { style: 'unit', unit, unitDisplay, numberingSystem: 'latn' } as const
  // A space that does not break is no character of GSM-7, and would make the whole message cost double.
  return new Intl.NumberFormat([locale, 'en'], options).format(count).replace(/[\u00a0\u202f]/g, ' ')
}
