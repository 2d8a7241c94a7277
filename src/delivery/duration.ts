// How long a code is valid, in words.

type Style = 'long' | 'short'

/**
 * "5 minutes" or "5 min" in a language (BCP 47), in its plural. Never more than it is: rounded down to minutes, and told in
 * seconds below two minutes, where half of it could get lost that way.
 */
export function durationIn(locale: string, seconds: number, style: Style): string {
  const isMinutes = seconds >= 120 || seconds === 60
  const format = new Intl.NumberFormat([locale, 'en'], {
    style: 'unit',
    unit: isMinutes ? 'minute' : 'second',
    unitDisplay: style,
    // One row of digits for the code and for this: people compare codes digit by digit.
    numberingSystem: 'latn',
  })
  // A space that does not break is no character of GSM-7, and would make the whole message cost double.
  return format.format(isMinutes ? Math.floor(seconds / 60) : seconds).replace(/[\u00a0\u202f]/g, ' ')
}
