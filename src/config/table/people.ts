// The rows of who can sign in: countries, numbers, channels, languages.
import type { Setting } from './setting.js'

export const peopleRows = {
  DEFAULT_COUNTRY: {
    type: 'text',
    default: 'IN',
    rule: 'must be a country code such as IN (ISO 3166-1 alpha-2)',
    about: 'The country whose national numbers the mobile flow takes (ISO 3166-1 alpha-2).',
  },
  SMS_COUNTRIES: {
    type: 'list',
    of: 'country codes such as IN (ISO 3166-1 alpha-2)',
    default: [],
    defaultOf: 'DEFAULT_COUNTRY',
    example: 'IN,US',
    about:
      'Countries whose numbers get an SMS (the mobile flow takes the default country alone). Some have the mobile numbers of a larger one, which then is named too: AX those of FI, BL and MF of GP, CC and CX of AU, EH of MA, IM of GB, SJ of NO, VA of IT.',
  },
  PHONE_CHECK: {
    type: 'choice',
    options: ['valid', 'possible'],
    default: 'valid',
    about:
      'possible also takes numbers that the metadata of numbers does not know, where their length fits mobile ones of their country. Neither takes what is known to be a landline, premium or satellite. A number let in by it gets a code only for a solved challenge; with CHALLENGE=off the answer is 503.',
    see: 'docs/what-people-type.md',
  },
  PHONE_EXTRA_RANGES: {
    type: 'list',
    of: 'beginnings of E.164 numbers such as +1624',
    default: [],
    example: '+1624,+1861',
    about: 'Ranges of numbers that are in service and unknown to the metadata, let in as by PHONE_CHECK=possible.',
    see: 'docs/what-people-type.md',
  },
  CHANNELS: {
    type: 'list',
    of: 'sms and email',
    default: ['sms', 'email'],
    about: 'What codes are sent by: sms, email or both.',
  },
  DEFAULT_LOCALE: {
    type: 'text',
    default: 'en',
    rule: 'must be a language tag such as en or hi (BCP 47)',
    about:
      'Language of messages and country names where neither the request nor the account says one that is known: en, hi, bn, ta, te, mr, gu, kn, ml, pa, ur, ar, es, fr, de, pt, id, zh, zh-Hant, ja, ru, and what MESSAGES_DIR adds.',
    see: 'docs/messages.md',
  },
} as const satisfies Record<string, Setting>
