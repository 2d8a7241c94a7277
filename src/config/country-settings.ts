// The settings of countries.
import {
  type CountryCode,
  getCountryCallingCode,
  getExampleNumber,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import type { SettingReader } from './reader.js'

const isCountry = (item: string): item is CountryCode => isSupportedCountry(item)

export function parseIdentifierSettings(read: SettingReader) {
  const named = read.text('DEFAULT_COUNTRY') ?? 'IN'
  if (!isCountry(named)) read.report('DEFAULT_COUNTRY', 'must be a country code such as IN (ISO 3166-1 alpha-2)')
  const defaultCountry: CountryCode = isCountry(named) ? named : 'IN'
  const expected = 'country codes such as IN (ISO 3166-1 alpha-2)'
  const smsCountries = read.list('SMS_COUNTRIES', [defaultCountry], expected, isCountry)
  refuseDeadCountries(read, defaultCountry, smsCountries)
  return { defaultCountry, smsCountries }
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
