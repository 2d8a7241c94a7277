// Phone numbers: one canonical form (E.164), of which country, and whether a code may be sent to it.
import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  getExampleNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'

export type { CountryCode }

export type PhoneIdentifier = Readonly<{
  method: 'phone'
  /** E.164: `+919876543210` */
  identifier: string
  country: CountryCode
  /** national significant number: `9876543210` */
  nationalNumber: string
}>

export type PhoneFault = 'not_valid' | 'country_not_supported' | 'number_type_not_supported'

/** What people write numbers with. Letters, extensions, `tel:` and `;` are outside, and so is a second plus sign. */
const writing = /^[0-9 ().-]{4,25}$/

/** Whether a text is an E.164 number: a plus sign and 7 to 15 digits. */
export function isPhoneE164(text: string): boolean {
  return /^\+[1-9][0-9]{6,14}$/.test(text)
}

/**
 * The canonical form of a national number under a prefix such as `+91`, or what is wrong with it. Spaces, dashes, brackets
 * and a trunk 0 are dropped, so that all spellings of a number are one account and one guess budget.
 */
export function normalizePhone(
  prefix: string,
  number: string,
  countries: readonly CountryCode[],
): PhoneIdentifier | PhoneFault {
  if (!/^\+[1-9][0-9]{0,3}$/.test(prefix) || !writing.test(number)) return 'not_valid'
  const parsed = parsePhoneNumberFromString(`${prefix}${number.replace(/[^0-9]/g, '')}`, { extract: false })
  // A prefix of one digit too many or too few would still parse, as a number of another country.
  // Whatever has no type is no number: the full metadata has types for every country. Asking `isValid` too would work it out twice.
  const type = parsed?.getType()
  if (!parsed || type === undefined || `+${parsed.countryCallingCode}` !== prefix || !isPhoneE164(parsed.number))
    return 'not_valid'
  // Satellite and other non-geographic numbers belong to no country, and to no list of them.
  if (parsed.country === undefined || !countries.includes(parsed.country)) return 'country_not_supported'
  if (type !== 'MOBILE' && type !== 'FIXED_LINE_OR_MOBILE') return 'number_type_not_supported'
  return {
    method: 'phone',
    identifier: parsed.number,
    country: parsed.country,
    nationalNumber: parsed.nationalNumber,
  }
}

/** The same of a number that is E.164 already, as operators write it. */
export function parseE164(text: string, countries: readonly CountryCode[]): PhoneIdentifier | PhoneFault {
  const prefix = parsePhoneNumberFromString(text, { extract: false })?.countryCallingCode
  if (!isPhoneE164(text) || prefix === undefined) return 'not_valid'
  return normalizePhone(`+${prefix}`, text.slice(prefix.length + 1), countries)
}

/** The same of a number as people write it with its prefix, such as `+91 98765-43210`. */
export function normalizeInternationalPhone(
  text: string,
  countries: readonly CountryCode[],
): PhoneIdentifier | PhoneFault {
  const isWritten = text.startsWith('+') && writing.test(text.slice(1))
  return isWritten ? parseE164(`+${text.replace(/[^0-9]/g, '')}`, countries) : 'not_valid'
}

const prefixes = new Map(getCountries().map((country) => [country, `+${getCountryCallingCode(country)}`]))
const allPrefixes = [...prefixes.values()]
const sharedPrefixes = new Set(allPrefixes.filter((prefix, index) => allPrefixes.indexOf(prefix) !== index))

/** The calling prefix of a country: `+91` of `IN`. */
export function prefixOf(country: CountryCode): string {
  return String(prefixes.get(country))
}

/** A national mobile number of a country, for people to see how one looks; the library has one of each country. */
export function exampleOf(country: CountryCode): string {
  return String(getExampleNumber(country, examples)?.nationalNumber)
}

/** The national number of a canonical E.164 number where it belongs to the country, else null. */
export function nationalNumberIn(country: CountryCode, phone: string): string | null {
  const prefix = prefixOf(country)
  if (!phone.startsWith(prefix)) return null
  // Most prefixes belong to one country, and what follows is the national number; parsing would be most of showing a user.
  if (!sharedPrefixes.has(prefix)) return phone.slice(prefix.length)
  const parsed = parsePhoneNumberFromString(phone, { extract: false })
  return parsed?.country === country ? parsed.nationalNumber : null
}

// The countries whose numbers are accepted, as a country picker shows them.

export type PhonePrefix = Readonly<{ country: string; name: string; prefix: string; flag: string; example: string }>

/** The countries in the alphabet of the locale (BCP 47), with their names in its language. */
export function phonePrefixes(countries: readonly CountryCode[], locale: string): PhonePrefix[] {
  const names = new Intl.DisplayNames([locale, 'en'], { type: 'region' })
  const { compare } = new Intl.Collator([locale, 'en'])
  return countries
    .map((country) => ({
      country,
      name: String(names.of(country)),
      prefix: prefixOf(country),
      flag: flagOf(country),
      example: exampleOf(country),
    }))
    .sort((one, other) => compare(one.name, other.name))
}

/** The flag emoji: the two letters as regional indicator symbols (Unicode 17, §22.10). */
function flagOf(country: CountryCode): string {
  const letterA = 0x1f1e6
  return [...country].map((letter) => String.fromCodePoint(letterA + letter.charCodeAt(0) - 'A'.charCodeAt(0))).join('')
}
