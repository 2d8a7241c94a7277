// What people type and paste, read before any check: generous to whoever writes, so that what is checked and stored can be strict.

/** Format characters (Unicode general category Cf): marks of direction, zero width, soft hyphens, byte order marks. */
const formatCharacters = /\p{Cf}/gu
/** Decimal digits of any script (Nd) but ASCII's. */
const otherDigits = /[^\P{Nd}0-9]/gu
const isDigit = /^\p{Nd}$/u
/** Spaces (Zs), tabs and line breaks that come along with a paste. */
const ends = /^[\p{Zs}\t\r\n]+|[\p{Zs}\t\r\n]+$/gu
/** What stands between the parts of a number: spaces (Zs), tabs, dashes (Pd), and the minus and the long vowel that are typed for one. */
const separators = /[\p{Zs}\t\p{Pd}\u2212\u30fc]+/gu

/**
 * The value of a digit. Those of a script stand in a row from zero to nine, and rows that touch each other begin with a zero (Unicode
 * 17, §4.6): counting back to the beginning of the row tells the value, without a table of scripts.
 */
function valueOfDigit(digit: string): string {
  const place = Number(digit.codePointAt(0))
  let start = place
  while (isDigit.test(String.fromCodePoint(start - 1))) start--
  return String((place - start) % 10)
}

/** A text without spaces and line breaks at its ends. */
export function trimEnds(text: string): string {
  return text.replace(ends, '')
}

/** A text with ASCII digits in place of those of any script, without format characters, and without spaces and line breaks at its ends. */
export function readTyped(text: string): string {
  return trimEnds(text.replace(formatCharacters, '').replace(otherDigits, valueOfDigit))
}

/** The same without what separates its parts: what is left of a code. */
export function readCode(text: string): string {
  return readTyped(text).replace(separators, '')
}

/** Punctuation of numbers in full width, as East Asian keyboards write it. */
const ascii: Readonly<Record<string, string>> = {
  '＋': '+',
  '（': '(',
  '）': ')',
  '．': '.',
  '／': '/',
}
const otherPunctuation = new RegExp(`[${Object.keys(ascii).join('')}]`, 'g')

/**
 * The digits of a phone number as people write it, after the plus sign where it begins with one; null where there is anything else in
 * it, such as letters, an extension, `tel:`, a second plus sign.
 */
export function readPhone(text: string): string | null {
  const typed = readTyped(text).replace(otherPunctuation, (sign) => String(ascii[sign]))
  const written = typed.replace(separators, ' ').trim()
  // The plus sign may be in brackets too, as in (+91) 98765 43210.
  return /^(?=.{1,64}$)[ ()[\]./]*\+?[0-9 ()[\]./]*$/.test(written) ? written.replace(/[^0-9+]/g, '') : null
}

/**
 * What nobody sees: spaces, controls, format characters, marks that have no letter under them, fillers and selectors of variants (what
 * Unicode says to ignore where it cannot be shown), and four signs that are empty: the blank of braille, the null notehead, and the
 * blanks of Egyptian hieroglyphs.
 */
const unseen = /[\p{White_Space}\p{Cc}\p{Cf}\p{M}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{13441}\u{13442}]/gu

/** Whether there is a character in a text that can be seen. */
export function isVisible(text: string): boolean {
  return text.replace(unseen, '') !== ''
}
