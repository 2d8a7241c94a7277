// How long a code is valid, in words.

type Unit = 'minute' | 'second'
type Style = 'long' | 'short'

/** Making one takes longer than the rest of a message; there are four for each of our languages. */
const formats = new Map<string, Intl.NumberFormat>()

/**
 * "5 minutes" or "5 min" in one of our languages (BCP 47), in its plural. Never more than it is: rounded down to minutes, and told
 * in seconds below two minutes, where half of it could get lost that way.
 */
export function durationIn(locale: string, seconds: number, style: Style): string {
  const isMinutes = seconds >= 120 || seconds === 60
  const format = formatOf(locale, isMinutes ? 'minute' : 'second', style)
  // A space that does not break is no character of GSM-7, and would make the whole message cost double.
  return format.format(isMinutes ? Math.floor(seconds / 60) : seconds).replace(/[\u00a0\u202f]/g, ' ')
}

function formatOf(locale: string, unit: Unit, unitDisplay: Style): Intl.NumberFormat {
  const key = `${locale} ${unit} ${unitDisplay}`
  const known = formats.get(key)
  if (known) return known
  // One row of digits for the code and for this: people compare codes digit by digit.
  const options = { style: 'unit', unit, unitDisplay, numberingSystem: 'latn' } as const
  const made = new Intl.NumberFormat([locale, 'en'], options)
  formats.set(key, made)
  return made
}
