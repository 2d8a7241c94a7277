// The countries whose numbers are accepted, as a country picker shows them.
import { type CountryCode, exampleOf, prefixOf } from './phone.js'

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
