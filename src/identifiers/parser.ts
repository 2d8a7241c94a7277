// Reads who is meant out of a request: the one place where phone and email become an identifier.
import { atField, Problem } from '../errors.js'
import { readPhone } from '../reading.js'
import { hasAsciiLocalPart, isEmail, normalizeEmail } from './email.js'
import {
  type CountryCode,
  exampleOf,
  isPrefix,
  type Latitude,
  noLatitude,
  normalizeInternationalPhone,
  normalizePhone,
  type PhoneFault,
  type PhoneIdentifier,
  prefixOf,
  storedPhone,
} from './phone.js'

export type EmailIdentifier = Readonly<{ method: 'email'; identifier: string }>
export type Identifier = PhoneIdentifier | EmailIdentifier
export type IdentifierBody = Readonly<{ phonePrefix?: string; phone?: string; email?: string }>

export type IdentifierRules = Readonly<{
  defaultCountry: CountryCode
  /** countries whose numbers may get an SMS */
  countries: readonly CountryCode[]
  channels: readonly ('sms' | 'email')[]
  /** which numbers are taken that the metadata does not know; none where not given */
  latitude?: Latitude
}>

/** The channel that a code for this identifier travels on. */
export function channelOf(identifier: Pick<Identifier, 'method'>): 'sms' | 'email' {
  return identifier.method === 'phone' ? 'sms' : 'email'
}

/** What is counted of an identifier, and no more of it. */
export type MetricLabels = Readonly<{
  channel: 'sms' | 'email'
  /** ISO 3166-1 alpha-2; null for mail */
  country: string | null
}>

export function metricLabelsOf(identifier: Identifier): MetricLabels {
  return { channel: channelOf(identifier), country: identifier.method === 'phone' ? identifier.country : null }
}

export class IdentifierParser {
  readonly #defaultCountry: CountryCode
  readonly #channels: readonly ('sms' | 'email')[]
  readonly #latitude: NonNullable<IdentifierRules['latitude']>
  readonly #countries
  readonly #defaultPrefix
  readonly mobileLength
  readonly mobileNumberFault

  constructor(rules: IdentifierRules) {
    const { defaultCountry, channels, latitude = noLatitude } = rules
    this.#defaultCountry = defaultCountry
    this.#channels = channels
    this.#latitude = latitude
    // Where countries share a prefix, numbers that the metadata does not know are those of the first one.
    const isDefault = (country: CountryCode) => country === defaultCountry
    this.#countries = [...rules.countries.filter(isDefault), ...rules.countries.filter((each) => !isDefault(each))]
    this.#defaultPrefix = prefixOf(this.#defaultCountry)
    this.mobileLength = exampleOf(this.#defaultCountry).length
    this.mobileNumberFault = `Valid ${this.mobileLength}-digit mobile number is required`
  }

  #requireChannel(channel: 'sms' | 'email', field: string): void {
    if (this.#channels.includes(channel)) return
    throw new Problem('validation_failed', atField(field, `${field} is not accepted here`))
  }

  /** A number of the default country with its prefix, with or without a plus sign before it. */
  #withPrefix(number: string): PhoneIdentifier | PhoneFault {
    const digits = String(readPhone(number)).replace(/^(?:\+|00)/, '')
    return `+${digits}`.startsWith(this.#defaultPrefix)
      ? normalizeInternationalPhone(`+${digits}`, this.#countries, this.#latitude)
      : 'not_valid'
  }

  /** A number that the metadata knows wins; of what could be one of two that it does not know, neither is taken. */
  #readMobileNumber(number: string): PhoneIdentifier | PhoneFault {
    const national = normalizePhone(this.#defaultPrefix, number, this.#countries, this.#latitude)
    if (typeof national !== 'string' && national.needsChallenge) {
      return this.#withPrefix(number) === 'not_valid' ? national : 'not_valid'
    }
    return national === 'not_valid' ? this.#withPrefix(number) : national
  }

  /**
   * The identifier of a national number of the default country, which may have its prefix before it.
   * @throws Problem `validation_failed`, `country_not_supported`, `number_type_not_supported`
   */
  fromMobileNumber(number: string): PhoneIdentifier {
    this.#requireChannel('sms', 'mobile_number')
    const parsed = this.#readMobileNumber(number)
    if (typeof parsed !== 'string') {
      // Where countries share a prefix (+1), a number of another one is not a national number of this one.
      if (parsed.country === this.#defaultCountry) return parsed
      throw new Problem('validation_failed', atField('mobile_number', this.mobileNumberFault))
    }
    throw new Problem(codeOf(parsed), atField('mobile_number', this.mobileNumberFault))
  }

  /**
   * The identifier of `{phonePrefix, phone}` or `{email}`.
   * @throws Problem that names the field at fault
   */
  getIdentifierFromBody(body: IdentifierBody): Identifier {
    const { phonePrefix, phone, email } = body
    const hasPhone = phone !== undefined || phonePrefix !== undefined
    if (hasPhone === (email !== undefined)) {
      throw new Problem('validation_failed', atField('', 'Give either phonePrefix and phone, or email'))
    }
    if (email !== undefined) return this.fromEmail(email)
    return this.#fromPhone(phonePrefix, phone)
  }

  /**
   * The identifier of a phone number with its prefix in it, as the API shows one.
   * @throws Problem `validation_failed`, `country_not_supported`, `number_type_not_supported`
   */
  fromInternationalNumber(text: string): PhoneIdentifier {
    this.#requireChannel('sms', 'phone')
    const parsed = normalizeInternationalPhone(text, this.#countries, this.#latitude)
    if (typeof parsed !== 'string') return parsed
    throw new Problem(codeOf(parsed), atField('phone', textFaults[parsed]))
  }

  /**
   * The identifier of an email address.
   * @throws Problem `validation_failed`
   */
  fromEmail(text: string): EmailIdentifier {
    this.#requireChannel('email', 'email')
    const identifier = normalizeEmail(text)
    if (identifier !== null) return { method: 'email', identifier }
    throw new Problem('validation_failed', atField('email', hasAsciiLocalPart(text) ? emailFault : localPartFault))
  }

  #fromPhone(phonePrefix: string | undefined, phone: string | undefined): PhoneIdentifier {
    this.#requireChannel('sms', 'phone')
    if (phonePrefix === undefined) {
      throw new Problem('validation_failed', atField('phonePrefix', 'phonePrefix is required with phone'))
    }
    if (phone === undefined)
      throw new Problem('validation_failed', atField('phone', 'phone is required with phonePrefix'))
    const parsed = normalizePhone(phonePrefix, phone, this.#countries, this.#latitude)
    if (typeof parsed !== 'string') return parsed
    if (parsed === 'not_valid' && !isPrefix(phonePrefix))
      throw new Problem('validation_failed', atField('phonePrefix', prefixFault))
    throw new Problem(codeOf(parsed), atField('phone', phoneFaults[parsed]))
  }

  /** The identifier that a canonical text names, as settings do (E.164, lower-case email); null where it names none accepted here. */
  fromCanonical(text: string): Identifier | null {
    const method = text.startsWith('+') ? 'phone' : 'email'
    if (!this.#channels.includes(channelOf({ method }))) return null
    if (method === 'email') return isEmail(text) ? { method, identifier: text } : null
    const parsed = normalizeInternationalPhone(text, this.#countries, this.#latitude)
    return typeof parsed !== 'string' && parsed.identifier === text ? parsed : null
  }

  /**
   * The identifier that an account has, as it is stored: what was proven stays so, whatever the metadata of today says of the number.
   * Null where the settings of today let no message go there.
   */
  fromStored(text: string): Identifier | null {
    const method = text.startsWith('+') ? 'phone' : 'email'
    if (!this.#channels.includes(channelOf({ method }))) return null
    return method === 'email' ? { method, identifier: text } : storedPhone(text, this.#countries)
  }

  /**
   * The identifier of one text, as operators write it: a number in E.164, or an address.
   * @throws Problem that says what is wrong with it
   */
  fromText(text: string): Identifier {
    return text.includes('@') ? this.fromEmail(text) : this.fromInternationalNumber(text)
  }
}

const emailFault = 'email must be a valid email address'
const localPartFault = 'email must have nothing but ASCII characters before the @'

const prefixFault = 'phonePrefix must be the calling prefix of a country, such as +91'

const phoneFaults: Readonly<Record<PhoneFault, string>> = {
  not_valid: 'phone must be a valid phone number of that phonePrefix',
  country_not_supported: 'phonePrefix is of a country that is not supported here',
  number_type_not_supported: 'phone must be a mobile number',
}

const textFaults: Readonly<Record<PhoneFault, string>> = {
  ...phoneFaults,
  not_valid: 'phone must be a valid number in E.164, such as +919876543210',
  country_not_supported: 'phone is of a country that is not supported here',
}

function codeOf(fault: PhoneFault) {
  return fault === 'not_valid' ? 'validation_failed' : fault
}
