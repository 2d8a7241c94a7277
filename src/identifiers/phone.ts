// Phone numbers: one canonical form (E.164), of which country, and whether a code may be sent to it.
import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  getExampleNumber,
  Metadata,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { readPhone } from '../reading.js'

export type { CountryCode }

export type PhoneIdentifier = Readonly<{
  method: 'phone'
  /** E.164: `+919876543210` */
  identifier: string
  country: CountryCode
  /** national significant number: `9876543210` */
  nationalNumber: string
  /**
   * true where the metadata does not know the number, and a setting lets it in all the same: a code goes to it for nobody who has
   * not solved a challenge. Not there for all others
   */
  needsChallenge?: true
}>

export type PhoneFault = 'not_valid' | 'country_not_supported' | 'number_type_not_supported'

/** What is let in although the metadata does not know it. Never a type that it knows to be none of mobile phones. */
export type Latitude = Readonly<{
  /** `possible`: any number whose length fits mobile numbers of its country */
  check: 'valid' | 'possible'
  /** beginnings of E.164 numbers that are in service, such as `+1624` */
  extraRanges: readonly string[]
}>

/** What the metadata knows, and nothing else. */
export const noLatitude: Latitude = { check: 'valid', extraRanges: [] }

/** Whether a text is an E.164 number: a plus sign and 7 to 15 digits. */
export function isPhoneE164(text: string): boolean {
  return /^\+[1-9][0-9]{6,14}$/.test(text)
}

/**
 * The canonical form of a national number under a prefix such as `+91`, or what is wrong with it. Spaces, dashes, brackets
 * and a trunk 0 are dropped, so that all spellings of a number are one account and one guess budget.
 * @param prefix also without its plus sign, or with 00 in its place; and with the area code where countries share it: `+1876`
 * @param countries whose numbers are taken; where several share a prefix, a number that the metadata does not know is the first one's
 */
export function normalizePhone(
  prefix: string,
  number: string,
  countries: readonly CountryCode[],
  latitude: Latitude = noLatitude,
): PhoneIdentifier | PhoneFault {
  const written = readPhone(prefix)?.replace(/^(?:\+|00)/, '')
  const digits = readPhone(number)
  // Under +1876 some type the whole number, and others what follows 876: ten digits or seven (North American Numbering Plan).
  const isWhole =
    /^1[0-9]{3}$/.test(String(written)) && digits?.length === 10 && digits.startsWith(String(written).slice(1))
  const code = isWhole ? '1' : written
  if (code === undefined || digits === null || !/^[1-9][0-9]{0,6}$/.test(code) || !/^[0-9]{4,}$/.test(digits))
    return 'not_valid'
  const parsed = parsePhoneNumberFromString(`+${code}${digits}`, { extract: false })
  if (!parsed || !isPrefixOf(parsed, code, digits)) return 'not_valid'
  return judge(parsed, countries, latitude)
}

/** The same of a number as people write it with its prefix, such as `+91 98765-43210`. */
export function normalizeInternationalPhone(
  text: string,
  countries: readonly CountryCode[],
  latitude: Latitude = noLatitude,
): PhoneIdentifier | PhoneFault {
  const digits = /^(?:\+|00)([1-9][0-9]{6,})$/.exec(readPhone(text) ?? '')?.[1]
  const parsed = digits && parsePhoneNumberFromString(`+${digits}`, { extract: false })
  return parsed ? judge(parsed, countries, latitude) : 'not_valid'
}

/**
 * A number that is stored, as it is: whoever proved it may go on although the metadata of today knows it no more. Null where none of
 * the countries has its prefix.
 */
export function storedPhone(text: string, countries: readonly CountryCode[]): PhoneIdentifier | null {
  const parsed = parsePhoneNumberFromString(text, { extract: false })
  const country = parsed && countryOf(parsed, countries)
  if (parsed === undefined || country === undefined || !countries.includes(country)) return null
  return {
    method: 'phone',
    identifier: text,
    country,
    nationalNumber: text.slice(parsed.countryCallingCode.length + 1),
  }
}

/**
 * Whether a prefix is that of a number. A digit too many or too few would still parse, as a number of another country. Where
 * countries share a prefix, an area code may follow that says which one: then the digits are the number itself, without a trunk 0.
 */
function isPrefixOf({ countryCallingCode, number }: PhoneNumber, code: string, digits: string): boolean {
  // What begins with 00 has a country's code in it already, and no country has a trunk prefix like that.
  if (code === countryCallingCode) return !digits.startsWith('00')
  const areaCode = code.slice(countryCallingCode.length)
  const isWritable = countryCallingCode === '1' ? areaCode.length === 3 : areaCode.length <= 4
  return (
    code.startsWith(countryCallingCode) &&
    sharedPrefixes.has(`+${countryCallingCode}`) &&
    isWritable &&
    number === `+${code}${digits}`
  )
}

/** The country of a number; of one that the metadata does not know, the first of the countries that have its prefix. */
function countryOf(
  { country, countryCallingCode }: PhoneNumber,
  countries: readonly CountryCode[],
): CountryCode | undefined {
  return country ?? countries.find((each) => prefixOf(each) === `+${countryCallingCode}`)
}

function judge(
  parsed: PhoneNumber,
  countries: readonly CountryCode[],
  latitude: Latitude,
): PhoneIdentifier | PhoneFault {
  const number = withMobileToken(parsed)
  const type = typeOf(number)
  const country = countryOf(number, countries)
  const isSupported = country !== undefined && countries.includes(country)
  if (!isPhoneE164(number.number)) return 'not_valid'
  if (type === undefined) return (isSupported && letIn(number, country, latitude)) || 'not_valid'
  // Satellite and other non-geographic numbers belong to no country, and to no list of them.
  if (!isSupported) return 'country_not_supported'
  if (type !== 'MOBILE' && type !== 'FIXED_LINE_OR_MOBILE') return 'number_type_not_supported'
  return { method: 'phone', identifier: number.number, country, nationalNumber: number.nationalNumber }
}

/**
 * The mobile number that is meant where people leave its mark out: in Argentina a 9 before the area code, which nobody dials within
 * the country (ITU-T Operational Bulletin, E.164 plan of Argentina). A landline gets no code in any case.
 */
function withMobileToken(parsed: PhoneNumber): PhoneNumber {
  if (parsed.country !== 'AR' || parsed.getType() !== 'FIXED_LINE') return parsed
  return parsePhoneNumberFromString(`+549${parsed.nationalNumber}`, { extract: false }) as PhoneNumber
}

/**
 * Ranges of which the metadata says landline for no other reason than that it does not know better: area code 658 lies over all of
 * Jamaica's 876, mobiles included (Office of Utilities Regulation, 2018).
 */
const unsureRanges = ['+1658']

/** The type of a number, undefined where it is not known. The full metadata has types for every country: whatever has none is no number. */
function typeOf(number: PhoneNumber) {
  const type = number.getType()
  return type === 'FIXED_LINE' && unsureRanges.some((range) => number.number.startsWith(range)) ? undefined : type
}

/** A number that the metadata does not know, where a setting lets it in; else undefined. */
function letIn(
  { number, nationalNumber, countryCallingCode }: PhoneNumber,
  country: CountryCode,
  { check, extraRanges }: Latitude,
): PhoneIdentifier | undefined {
  const isWanted = check === 'possible' || extraRanges.some((range) => number.startsWith(range))
  if (!isWanted) return undefined
  const { trunk, mobileLengths } = planOf(country)
  // The library takes a trunk prefix only off numbers that it knows. A number with one and without is one number.
  const national = trunk === '0' ? nationalNumber.replace(/^0/, '') : nationalNumber
  const hasTrunk = trunk !== undefined && national.startsWith(trunk)
  if (hasTrunk || !mobileLengths.includes(national.length)) return undefined
  const identifier = `+${countryCallingCode}${national}`
  return { method: 'phone', identifier, country, nationalNumber: national, needsChallenge: true }
}

/** What the library has and its types leave out. */
type NumberingPlan = Readonly<{
  nationalPrefix(): string | undefined
  type(name: 'MOBILE'): Readonly<{ possibleLengths(): readonly number[] }> | undefined
}>

/** What is dialled before national numbers of a country, and how many digits mobile ones have: none where it has none of its own. */
function planOf(country: CountryCode) {
  const metadata = new Metadata()
  metadata.selectNumberingPlan(country)
  const plan = metadata.numberingPlan as unknown as NumberingPlan
  return { trunk: plan.nationalPrefix(), mobileLengths: plan.type('MOBILE')?.possibleLengths() ?? [] }
}

/** All that the metadata has numbers of. */
export const everyCountry: readonly CountryCode[] = getCountries()

/** Whether a text is what people write for the calling prefix of some country, an area code after it included. */
export function isPrefix(text: string): boolean {
  const written = `+${readPhone(text)?.replace(/^(?:\+|00)/, '')}`
  return allPrefixes.some((prefix) => written.startsWith(prefix))
}

const prefixes = new Map(everyCountry.map((country) => [country, `+${getCountryCallingCode(country)}`]))
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
