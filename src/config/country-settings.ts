// The settings of countries.
import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  getExampleNumber,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import type { SettingReader } from './reader.js'

const isCountry = (item: string): item is CountryCode => isSupportedCountry(item)

export function parseIdentifierSettings(read: SettingReader) {
  const named = read.text('DEFAULT_COUNTRY')
  if (!isCountry(named)) read.refuse('DEFAULT_COUNTRY')
  const defaultCountry: CountryCode = isCountry(named) ? named : 'IN'
  const smsCountries = read.list('SMS_COUNTRIES', isCountry, [defaultCountry])
  refuseDeadCountries(read, defaultCountry, smsCountries)
  return { defaultCountry, smsCountries, latitude: parseLatitude(read) }
}

const callingCodes = new Set<string>(getCountries().map((country) => getCountryCallingCode(country)))

/** Whether a text is the beginning of numbers of some country, and not all numbers of it: `+1624`. */
function isRange(text: string): text is `+${string}` {
  const digits = /^\+([1-9][0-9]{1,11})$/.exec(text)?.[1] ?? ''
  return [1, 2, 3].some((length) => length < digits.length && callingCodes.has(digits.slice(0, length)))
}

/** Which numbers get a code although the metadata does not know them. */
function parseLatitude(read: SettingReader) {
  return {
    check: read.choice('PHONE_CHECK'),
    extraRanges: read.list('PHONE_EXTRA_RANGES', isRange),
  }
}

/**
 * Countries whose people could not sign in. Some share the mobile numbers of a larger one (IM those of GB, AX those of FI), and
 * nobody can tell them apart: to let the small one in is to let the large one in, which only its own name in the list may do.
 */
function refuseDeadCountries(
  read: SettingReader,
  defaultCountry: CountryCode,
  countries: readonly CountryCode[],
): void {
  const owner = ownerOfNumbers(defaultCountry)
  if (owner !== defaultCountry) read.report('DEFAULT_COUNTRY', `must be ${owner}, which has the same mobile numbers`)
  const missing = countries.filter((country) => country !== defaultCountry).map(ownerOfNumbers)
  for (const each of new Set(missing)) {
    if (!countries.includes(each))
      read.report('SMS_COUNTRIES', `must name ${each} too, or not the country that shares its numbers`)
  }
}

/** The country that mobile numbers of this one are taken for: nearly always itself. The library has an example of each. */
function ownerOfNumbers(country: CountryCode): CountryCode {
  const example = getExampleNumber(country, examples)?.nationalNumber
  return parsePhoneNumberFromString(`+${getCountryCallingCode(country)}${example}`)?.country as CountryCode
}
