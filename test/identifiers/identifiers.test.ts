// Identifiers: every spelling ends in one canonical form or in a refusal.
import t from 'tap'
import { Problem } from '../../src/errors.js'
import { isEmail, normalizeEmail } from '../../src/identifiers/email.js'
import { IdentifierParser } from '../../src/identifiers/parser.js'
import { isPhoneE164, nationalNumberIn, normalizePhone, phonePrefixes, prefixOf } from '../../src/identifiers/phone.js'

function linesOf(work: () => unknown): readonly string[] | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error.details.errors
  }
  return undefined
}

t.test('phones in all their spellings', async (t) => {
  for (const spelling of [
    '9876543210',
    '98765 43210',
    '98765-43210',
    '(98765) 43210',
    '09876543210',
    '0 98765-43210',
    '98765.43210',
  ]) {
    t.match(
      normalizePhone('+91', spelling, ['IN']),
      { method: 'phone', identifier: '+919876543210', country: 'IN', nationalNumber: '9876543210' },
      spelling,
    )
  }
})

t.test('what is no phone', async (t) => {
  const numbers = [
    '',
    '123',
    '98765432',
    '987654321012',
    '+919876543210',
    '+9876543210',
    '00919876543210',
    '919876543210',
    'call me 9876543210 now',
    '9876543210<script>',
    'tel:9876543210',
    '9876543210;ext=12',
    '9876543210 ext 5',
    '9876543210x99',
    '0000000000',
  ]
  for (const number of numbers) t.equal(normalizePhone('+91', number, ['IN']), 'not_valid', JSON.stringify(number))
  for (const prefix of ['', '+', '+0', '091', '+0091', '+9', '+919', '+9198', '+999', '++91', 'IN', '+91+']) {
    t.equal(normalizePhone(prefix, '9876543210', ['IN']), 'not_valid', `prefix ${prefix}`)
  }
})

t.test('countries and types of numbers', async (t) => {
  t.equal(normalizePhone('+44', '7911123456', ['IN']), 'country_not_supported')
  t.match(normalizePhone('+44', '07400 123456', ['GB']), { identifier: '+447400123456', country: 'GB' })
  t.match(normalizePhone('+1', '2025550123', ['US', 'CA']), { identifier: '+12025550123', country: 'US' })
  t.equal(
    normalizePhone('+1', '8765550123', ['US']),
    'country_not_supported',
    'Jamaica shares +1 and is another country',
  )
  t.equal(normalizePhone('+1', '9005551234', ['US']), 'number_type_not_supported', 'premium rate')
  t.equal(normalizePhone('+91', '1123456789', ['IN']), 'number_type_not_supported', 'landline')
  t.equal(normalizePhone('+881', '612345678', ['IN', 'US']), 'country_not_supported', 'satellite')
  t.equal(
    normalizePhone('+39', '0612345678', ['IT']),
    'number_type_not_supported',
    'a leading zero that belongs to the number',
  )
})

t.test('E.164', async (t) => {
  for (const text of ['+919876543210', '+1234567', '+123456789012345']) t.ok(isPhoneE164(text), text)
  for (const text of [
    '919876543210',
    '+0123456789',
    '+123456',
    '+1234567890123456',
    '+91 9876543210',
    '+91987654321a',
    '+1234567\n',
  ]) {
    t.notOk(isPhoneE164(text), JSON.stringify(text))
  }
  t.equal(prefixOf('IN'), '+91')
  t.equal(nationalNumberIn('IN', '+919876543210'), '9876543210')
  t.equal(nationalNumberIn('IN', '+447911123456'), null)
  t.equal(nationalNumberIn('GB', '+447400123456'), '7400123456')
  t.equal(nationalNumberIn('GG', '+447400123456'), null, 'a prefix that it shares with another country')
  t.equal(nationalNumberIn('GG', '+447781123456'), '7781123456')
})

t.test('email addresses', async (t) => {
  for (const [typed, canonical] of [
    ['a@example.com', 'a@example.com'],
    ['A.B+Tag@Example.COM', 'a.b+tag@example.com'],
    ['  a@example.com ', 'a@example.com'],
    ["o'hara!#$%&*/=?^_`{|}~-@x-y.example", "o'hara!#$%&*/=?^_`{|}~-@x-y.example"],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
    [`${'l'.repeat(64)}@example.com`, `${'l'.repeat(64)}@example.com`],
  ] as const) {
    t.equal(normalizeEmail(typed), canonical)
    t.ok(isEmail(canonical))
  }
  t.not(normalizeEmail('a.b@gmail.com'), normalizeEmail('ab@gmail.com'), 'dots keep their meaning')
  const long = `${'l'.repeat(60)}@${`${'d'.repeat(60)}.`.repeat(3)}`
  t.equal(normalizeEmail(`${long}${'e'.repeat(10)}`)?.length, 254)
  for (const typed of [
    '',
    '@',
    'a',
    'a@',
    '@b.example',
    'a@b',
    'a@b.',
    'a@.example',
    'a@-b.example',
    'a@b-.example',
    'a@b..example',
    'a@b.123',
    'a@127.0.0.1',
    'a@[127.0.0.1]',
    '.a@b.example',
    'a.@b.example',
    'a..b@c.example',
    'a@b@c.example',
    '"a"@b.example',
    'a b@c.example',
    'a@b.example\r\nBcc: x@y.example',
    'a@b.example,c@d.example',
    'a@b.example;',
    'a,b@c.example',
    '<a@b.example>',
    '\u212a@b.example',
    'а@b.example',
    'a@xn--.example',
    'a@bücher',
    'a@bü cher.example',
    'a@bü\u200dcher.example',
    'a@\u0301bücher.example',
    'a@xn--a.example',
    `${'l'.repeat(65)}@example.com`,
    `${long}${'e'.repeat(11)}`,
    `a@${'d'.repeat(64)}.example`,
    'a@b.e',
    'a@b_c.example',
    'a\0@b.example',
  ]) {
    t.equal(normalizeEmail(typed), null, JSON.stringify(typed))
  }
})

t.test('the parser of another country counts its digits', async (t) => {
  const parser = new IdentifierParser({ defaultCountry: 'SG', countries: ['SG'], channels: ['sms'] })
  t.match(parser.fromMobileNumber('8123 4567'), { identifier: '+6581234567', nationalNumber: '81234567' })
  t.strictSame(
    linesOf(() => parser.fromMobileNumber('9876543210')),
    ['Valid 8-digit mobile number is required'],
  )
  const american = new IdentifierParser({ defaultCountry: 'US', countries: ['US', 'CA'], channels: ['sms'] })
  t.throws(
    () => american.fromMobileNumber('6045550123'),
    { code: 'validation_failed' },
    'a Canadian number is none of the US',
  )
  const emailOnly = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['email'] })
  t.strictSame(
    linesOf(() => emailOnly.fromMobileNumber('9876543210')),
    ['mobile_number is not accepted here'],
  )
  t.throws(() => emailOnly.getIdentifierFromBody({ phonePrefix: '+91', phone: '9876543210' }), {
    code: 'validation_failed',
  })
  t.strictSame(emailOnly.getIdentifierFromBody({ email: 'A@b.example' }), {
    method: 'email',
    identifier: 'a@b.example',
  })
})

t.test('phone prefixes are in the alphabet of their language', async (t) => {
  t.strictSame(
    phonePrefixes(['IN', 'AT', 'EG'], 'en').map(({ name }) => name),
    ['Austria', 'Egypt', 'India'],
  )
  t.strictSame(
    phonePrefixes(['IN', 'AT', 'EG'], 'de').map(({ name }) => name),
    ['Ägypten', 'Indien', 'Österreich'],
  )
})

t.test('A-labels, the same on every version of Node.js', async (t) => {
  const good = [
    'xn--bcher-kva',
    'xn--fa-hia',
    'xn--zca',
    'xn--mgba3a4f16a',
    'xn--ls8h',
    'xn--tuqs95j',
    'xn--nxasmm1c',
    'ab--cd',
  ]
  for (const label of good) for (const host of [`${label}.example`, `mail.${label}`]) t.ok(isEmail(`a@${host}`), host)
  const bad = {
    'decode to nothing': ['xn--a', 'xn--99999999', 'xn--bcher-kv', 'xn--1', 'xn---'],
    'decode to plain ASCII': ['xn--a-', 'xn--example-', 'xn--0-', 'xn--xn--a--gua'],
    'stand for what would be mapped': ['xn--vba', 'xn--a-ecp', 'xn--ngb6iyr'],
    'join nothing': ['xn--1ug'],
    'begin with a digit from right to left': ['xn--8hb'],
  }
  for (const [reason, labels] of Object.entries(bad)) {
    for (const host of labels.flatMap((label) => [`${label}.example`, `mail.${label}.example`])) {
      t.notOk(isEmail(`a@${host}`), `${host} would ${reason}`)
    }
  }
})
