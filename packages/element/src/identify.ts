// What was typed or pasted into the one field: a phone of some country, or an email. The service reads generously
// (docs/what-people-type.md) and has the last word; here is only what it cannot know: which country was meant.
// It is read by what the service reads with, so that both understand the same.
import { readPhone, readTyped } from '../../../src/reading.js'
import type { PhonePrefix } from './client.js'
import type { Method, Who } from './steps.js'

export type Country = Pick<PhonePrefix, 'country' | 'prefix' | 'example'>
export type Read = { who: Who } | { problem: 'phone_invalid' | 'email_invalid' | 'country_not_supported' }

/** What kind of identifier a text is meant to be; null where it could be either. */
export function methodOf(text: string): Method | null {
  if (/[@＠]/.test(text)) return 'email'
  return (readPhone(text)?.length ?? 0) >= 5 ? 'phone' : null
}

/** The country that an international number names, and what is left of it; null where it names none. */
export function splitPrefix(text: string, countries: readonly Country[], current: string) {
  const digits = /^(?:\+|00)(.*)/.exec(readPhone(text) ?? '')?.[1]
  if (digits === undefined) return null
  const fitting = countries.filter(({ prefix }) => digits.startsWith(prefix.slice(1)))
  const longest = Math.max(0, ...fitting.map(({ prefix }) => prefix.length))
  const candidates = fitting.filter(({ prefix }) => prefix.length === longest)
  // Countries share prefixes: the one that is chosen stays chosen, and of others the one that the prefix is known for.
  const isCurrent = (each: Country) => each.country === current
  const country = candidates.find(isCurrent) ?? candidates.find(isKnownFor) ?? candidates[0]
  return { country, national: country ? digits.slice(country.prefix.length - 1) : digits }
}

const isKnownFor = ({ country }: Country) => ['US', 'GB', 'RU', 'IT', 'NO', 'AU', 'FI', 'MA'].includes(country)

/** Whose code is to be sent. */
export function readIdentifier(text: string, method: Method, countries: readonly Country[], current: string): Read {
  const typed = readTyped(text)
  if (method === 'email') {
    const isEmail = /^[^\s@]+@[^\s@]+$/.test(typed)
    return isEmail ? { who: { method, email: typed, shown: typed } } : { problem: 'email_invalid' }
  }
  const split = splitPrefix(typed, countries, current)
  if (split && !split.country) return { problem: 'country_not_supported' }
  const country = split?.country ?? countries.find((each) => each.country === current)
  const phone = split ? split.national : typed
  if (!country || (readPhone(phone)?.length ?? 0) < 4) return { problem: 'phone_invalid' }
  const { prefix } = country
  return { who: { method, phonePrefix: prefix, phone, shown: `${prefix} ${phone}` } }
}

/** The country to begin with: the one that is set, the one of the person's languages, or the first. */
export function firstCountry(countries: readonly Country[], set: string | null, languages: readonly string[]): string {
  const regions = languages.map((tag) => /[-_]([A-Za-z]{2})$/.exec(tag)?.[1])
  const wanted = [set, ...regions].map((region) => region?.toUpperCase())
  return wanted.find((region) => countries.some(({ country }) => country === region)) ?? countries[0]?.country ?? ''
}

/** Two regional indicators, which fonts draw as the flag. */
export function flagOf(country: string): string {
  return country.replace(/[A-Z]/g, (letter) => String.fromCodePoint(0x1f1e6 + letter.charCodeAt(0) - 65))
}

/** Countries whose name, code or prefix has what was typed in it; those that begin with it come first. */
export function searchCountries<Each extends { name: string; country: string; prefix: string }>(
  countries: readonly Each[],
  text: string,
): Each[] {
  const fold = (each: string) => each.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const wanted = fold(readTyped(text))
  const digits = wanted.replace(/[+\s]/g, '')
  if (wanted === '') return [...countries]
  const rank = ({ name, country, prefix }: Each) => {
    if (/^\d+$/.test(digits)) return prefix.slice(1).startsWith(digits) ? 0 : 2
    const folded = fold(name)
    if (folded.startsWith(wanted) || country.toLowerCase() === wanted) return 0
    return folded.includes(wanted) ? 1 : 2
  }
  const ranked = countries.map((each) => ({ each, at: rank(each) })).filter(({ at }) => at < 2)
  return ranked.sort((one, other) => one.at - other.at).map(({ each }) => each)
}
