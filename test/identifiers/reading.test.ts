// What people type and paste: read generously, in one form each, and no two people's spellings meet.
import fc from 'fast-check'
import { getCountries } from 'libphonenumber-js/max'
import t from 'tap'
import { hasAsciiLocalPart, normalizeEmail } from '../../src/identifiers/email.js'
import { IdentifierParser } from '../../src/identifiers/parser.js'
import {
  type CountryCode,
  exampleOf,
  normalizeInternationalPhone,
  normalizePhone,
  type PhoneIdentifier,
  prefixOf,
} from '../../src/identifiers/phone.js'
import { isVisible, readCode, readPhone, readTyped } from '../../src/reading.js'

const runs = { numRuns: 400 }
/** Zeros of scripts that people type numbers in, one beyond the basic plane; ASCII's is the first. */
const zeros = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x17e0, 0xff10, 0x1d7f6]
const inDigitsOf = (zero: number, text: string) =>
  text.replace(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)))

t.test('digits of every script are those of ASCII', async (t) => {
  const digits = Array.from({ length: 0x110000 }, (_, place) => place).filter(
    (place) => (place < 0xd800 || place > 0xdfff) && /\p{Nd}/u.test(String.fromCodePoint(place)),
  )
  t.equal(digits.length % 10, 0)
  for (let row = 0; row < digits.length; row += 10) {
    const text = String.fromCodePoint(...digits.slice(row, row + 10))
    t.equal(readTyped(text), '0123456789', text)
  }
  for (const other of ['²', '①', 'Ⅳ', '½', '一']) t.equal(readTyped(other), other, 'numerals that are no digits stay')
})

t.test('codes', async (t) => {
  for (const typed of [
    '438097',
    '438 097',
    '438-097',
    '४३८०९७',
    '４３８－０９７',
    '٤٣٨٠٩٧',
    '\u202a438097\u202c',
    '4\u200b3\u00ad8\u20600\ufeff97',
    '438\u00a0097',
    '438\u2009–\u2009097',
    '\r\n438\t097\n',
    '438−097',
  ]) {
    t.equal(readCode(typed), '438097', JSON.stringify(typed))
  }
  for (const typed of ['438\n097', '438.097', '438,097', '+438097', '438097x', '④38097']) {
    t.not(readCode(typed), '438097', JSON.stringify(typed))
  }
})

t.test('texts of nothing that can be seen', async (t) => {
  for (const text of [
    '',
    '  ',
    '\u3164',
    '\u115f\u1160\uffa0',
    '\u2800\u2800',
    '\u200b\u200d\u2060',
    '\u0301',
    '\u034f',
    '\ufe0f',
    '\u{e0100}',
    '\u{e0041}',
    '\u17b4',
    '\u180b',
    '\u{1d159}',
    '\u{13441}',
    '\u00a0\u3000',
    '\u093e',
  ]) {
    t.notOk(isVisible(text), escape(text))
  }
  for (const text of ['a', 'ا', '한', '\u3164a', 'é', 'ｱ', '🙂', '字', '-', '\u{e000}']) t.ok(isVisible(text), text)
})

const parserOf = (country: CountryCode) =>
  new IdentifierParser({ defaultCountry: country, countries: [country], channels: ['sms'] })
const canonical = (parsed: unknown) => (typeof parsed === 'string' ? parsed : (parsed as PhoneIdentifier).identifier)

t.test('phones', async (t) => {
  const written: [string, string, CountryCode, string][] = [
    ['+91', '\u202d9876543210\u202c', 'IN', '+919876543210'],
    ['+91', '٩٨٧٦٥٤٣٢١٠', 'IN', '+919876543210'],
    ['+91', '９８７６５－４３２１０', 'IN', '+919876543210'],
    ['+91', '98765\u00a043210\n', 'IN', '+919876543210'],
    ['+91', '[0] 98765.43210', 'IN', '+919876543210'],
    ['91', '9876543210', 'IN', '+919876543210'],
    ['0091', '9876543210', 'IN', '+919876543210'],
    ['＋９１', '9876543210', 'IN', '+919876543210'],
    ['+91 ', '9876543210', 'IN', '+919876543210'],
    ['(+91)', '9876543210', 'IN', '+919876543210'],
    ['+43', '0664/1234567', 'AT', '+436641234567'],
    ['+81', '０９０ー１２３４−５６７８', 'JP', '+819012345678'],
    ['+7', '8 (912) 345-67-89', 'RU', '+79123456789'],
    ['+1876', '210-1234', 'JM', '+18762101234'],
    ['1-876', '2101234', 'JM', '+18762101234'],
    ['+1876', '876 210 1234', 'JM', '+18762101234'],
    ['+77', '01 234 56 78', 'KZ', '+77012345678'],
    ['+54', '1123456789', 'AR', '+5491123456789'],
    ['+54', '011 15 2345-6789', 'AR', '+5491123456789'],
    ['+54', '9 11 2345 6789', 'AR', '+5491123456789'],
  ]
  for (const [prefix, number, country, expected] of written) {
    t.equal(canonical(normalizePhone(prefix, number, [country])), expected, `${prefix} ${number}`)
  }
  for (const [prefix, number, country] of [
    ['+1876', '8762101234', 'US'],
    ['+187', '62101234', 'JM'],
    ['+1876', '1 210 1234', 'JM'],
    ['+9198', '76543210', 'IN'],
    ['+7701', '0 234 56 78', 'KZ'],
    ['+91', '9876543210 ext 5', 'IN'],
    ['+91', '९८७६५४३२१०अ', 'IN'],
    ['+91', '98765\n43210', 'IN'],
    ['+91', '+91 9876543210', 'IN'],
    ['+91', '④876543210', 'IN'],
  ] as const) {
    t.match(normalizePhone(prefix, number, [country]), /not_/, `${prefix} ${number}`)
  }
  t.equal(canonical(normalizeInternationalPhone('0091 98765-43210', ['IN'])), '+919876543210')
  t.equal(canonical(normalizeInternationalPhone('+54 11 2345-6789', ['AR'])), '+5491123456789')
  t.equal(canonical(normalizeInternationalPhone('(+91) 98765-43210', ['IN'])), '+919876543210')
  for (const text of [
    '9876543210',
    '+',
    '()',
    '000919876543210',
    '++919876543210',
    '9+19876543210',
    '+91 9876543210 x1',
  ])
    t.equal(normalizeInternationalPhone(text, ['IN']), 'not_valid', text)
  t.equal(readPhone('1'.repeat(65)), null, 'longer than anybody writes one')
})

t.test('a mobile number with the prefix of its country', async (t) => {
  const parser = parserOf('IN')
  for (const text of [
    '9876543210',
    '+919876543210',
    '+91 (0) 98765 43210',
    '[+91] 98765 43210',
    '919876543210',
    '0091 9876543210',
  ]) {
    t.match(parser.fromMobileNumber(text), { identifier: '+919876543210', nationalNumber: '9876543210' }, text)
  }
  t.match(
    parser.fromMobileNumber('9123456789'),
    { identifier: '+919123456789' },
    'not its first two digits as a prefix',
  )
  for (const text of ['+447400123456', '00447400123456', '0919876543210', '+9109'])
    t.throws(() => parser.fromMobileNumber(text), { code: 'validation_failed' }, text)
  t.throws(() => parser.fromMobileNumber('+911123456789'), { code: 'number_type_not_supported' })
})

t.test('email addresses', async (t) => {
  for (const [typed, expected] of [
    [' User@bücher.example\n', 'user@xn--bcher-kva.example'],
    ['user@BÜCHER.example', 'user@xn--bcher-kva.example'],
    ['\ufeffa@exa\u00admple.com\u200b', 'a@example.com'],
    ['a@exam\u200dple.com', 'a@example.com'],
    ['a@ｅxample．com', 'a@example.com'],
    ['asha९@example.com', 'asha9@example.com'],
    ['a@भारत.example', 'a@xn--h2brj9c.example'],
    ['a@faß.example', 'a@xn--fa-hia.example'],
  ] as const) {
    t.equal(normalizeEmail(typed), expected, JSON.stringify(typed))
  }
  t.not(normalizeEmail('a@१२३.example'), 'a@123.example', 'digits of another script make another domain')
  t.not(
    normalizeEmail('a@نامه\u200cای.example'),
    normalizeEmail('a@نامهای.example'),
    'and so does a joiner of its script',
  )
  for (const typed of ['usér@example.com', 'वीर@example.com', 'a\u212a@example.com']) {
    t.equal(normalizeEmail(typed), null)
    t.notOk(hasAsciiLocalPart(typed), typed)
  }
  t.ok(hasAsciiLocalPart('nobody'))
})

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** A valid mobile number of some country. */
const person = fc
  .tuple(fc.constantFrom(...getCountries()), fc.array(fc.nat(9), { minLength: 4, maxLength: 4 }))
  .map(([country, digits]) =>
    normalizePhone(prefixOf(country), exampleOf(country).slice(0, -4) + digits.join(''), getCountries()),
  )
  .filter((parsed): parsed is PhoneIdentifier => typeof parsed !== 'string')

/** One of the ways to write a text of digits. */
const spelled = (text: string) =>
  fc
    .tuple(
      fc.constantFrom(...zeros),
      fc.array(fc.constantFrom('', '', '', ' ', '-', '.', '/', ' (', ') ', '\u00a0', '\u200f', '\u2013', '\t'), {
        minLength: text.length,
        maxLength: text.length,
      }),
      fc.constantFrom(['', ''], ['\u202d', '\u202c'], ['\n', ' \r\n'], ['\ufeff', '\u3000']),
    )
    .map(([zero, between, [start = '', end = '']]) => {
      const written = [...text].map((character, index) => character + between[index]).join('')
      return start + inDigitsOf(zero, written) + end
    })

t.test('each spelling of a number is that number, so no two numbers meet', async (t) => {
  const writings = person.chain((one) => {
    const prefix = one.identifier.slice(1, -one.nationalNumber.length)
    return fc.record({
      one: fc.constant(one),
      prefix: fc.constantFrom(`+${prefix}`, prefix, `00${prefix}`).chain(spelled),
      national: spelled(one.nationalNumber),
      international: fc.constantFrom(one.identifier, `00${one.identifier.slice(1)}`).chain(spelled),
      bare: spelled(one.identifier.slice(1)),
    })
  })
  fc.assert(
    fc.property(writings, ({ one, prefix, national, international, bare }) => {
      const { identifier, country } = one
      const parser = parserOf(country)
      const all = [
        normalizePhone(prefix, national, [country]),
        normalizeInternationalPhone(international, [country]),
        parser.fromMobileNumber(national),
        parser.fromMobileNumber(international),
        parser.getIdentifierFromBody({ phonePrefix: prefix, phone: national }),
      ] as PhoneIdentifier[]
      const isOne = all.every((parsed) => parsed.identifier === identifier && parsed.country === country)
      // Without a plus sign it may be a landline to the letter, as it is in Kosovo: then it is refused.
      return isOne && [identifier, undefined].includes(attempt(() => parser.fromMobileNumber(bare))?.identifier)
    }),
    runs,
  )
  t.pass()
})

t.test('whatever is typed ends in a canonical form that stays what it is, or in a refusal', async (t) => {
  const pieces = fc.constantFrom(
    '+',
    '0',
    '00',
    '91',
    '98765',
    '43210',
    '٩',
    '(',
    ')',
    '-',
    ' ',
    '\u202d',
    '/',
    'x',
    '1',
    '+1876',
  )
  const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))
  const countries: CountryCode[] = ['IN', 'US', 'JM', 'AT', 'AR']
  fc.assert(
    fc.property(text, text, (prefix, number) => {
      for (const check of ['valid', 'possible'] as const) {
        const latitude = { check, extraRanges: [] }
        for (const parsed of [
          normalizePhone(prefix, number, countries, latitude),
          normalizeInternationalPhone(prefix + number, countries, latitude),
        ]) {
          if (typeof parsed === 'string') continue
          if (canonical(normalizeInternationalPhone(parsed.identifier, countries, latitude)) !== parsed.identifier)
            return false
        }
      }
      return true
    }),
    runs,
  )
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.domain(), (local, domain) => {
      const address = normalizeEmail(`${local}@${domain}`)
      return address === null || normalizeEmail(address) === address
    }),
    runs,
  )
  t.pass()
})
