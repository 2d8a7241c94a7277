// What stands in a record: times and flags in the ways in which systems write them, and what no system writes, which is refused by its column.
import t from 'tap'
import { IdentifierParser } from '../../../src/identifiers/parser.js'
import { check, maskText } from '../../../src/users/import/check.js'
import { mapNamed, mapsThatRead, ownMap } from '../../../src/users/import/maps.js'
import { momentOf, pastOf, textOf, Values } from '../../../src/users/import/values.js'

const parser = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms', 'email'] })

t.test('values', async (t) => {
  const march = Date.UTC(2021, 2, 4, 5, 6, 7)
  for (const [text, moment] of [
    ['2021-03-04T05:06:07.000Z', march],
    ['2021-03-04 05:06:07', march],
    ['2021-03-04 05:06:07.000999+00', march],
    ['2021-03-04 10:36:07 +0530', march],
    ['2021-03-04 05:06:07 UTC', march],
    [String(march), march],
    [String(march / 1_000), march],
    ['2021-03-04', Date.UTC(2021, 2, 4)],
    ['2021-03-04T05:06', march - 7_000],
    ['infinity', Number.POSITIVE_INFINITY],
    ['12026-01-01 00:00:00+00', Number.POSITIVE_INFINITY],
    ['+275760-09-13T00:00:00.000Z', Number.POSITIVE_INFINITY],
    ['-infinity', Number.NEGATIVE_INFINITY],
  ] as const) {
    t.equal(momentOf(text), moment, text)
  }
  const none = [
    '04.03.2021',
    '03/04/2021',
    '2026-13-40',
    '2026-02-31',
    '2026-01-01 25:00',
    'yesterday',
    'NULL',
    '0',
    '20260101',
  ]
  for (const text of [...none, '1.61E+12', '1614834367000000']) t.ok(Number.isNaN(momentOf(text)), text)
  const [hour, now] = [3_600_000, Date.now()]
  t.ok(Number(pastOf(now + hour)) < now + hour, 'another clock is ahead')
  t.strictSame([now + 25 * hour, -1, Number.POSITIVE_INFINITY].map(pastOf), [undefined, undefined, undefined])
  t.strictSame(
    [7, 2 ** 53, 1.5, Number.POSITIVE_INFINITY, '9007199254740993'].map(textOf),
    ['7', undefined, undefined, undefined, '9007199254740993'],
    'no number that JSON has cut short',
  )
  t.strictSame(['a@b.example', '+919876543210', '12345', '@', '@abc', 'x'.repeat(99)].map(maskText), [
    'a***@b.example',
    '+91******3210',
    '***',
    '***',
    '***',
    `xxx${'*'.repeat(53)}xxxx`,
  ])
  t.strictSame(
    mapsThatRead({ id: '1', email_confirmed_at: null }).map(({ name }) => name),
    ['supabase'],
  )
})

/** What becomes of a line of JSON. */
function checkLine(name: string, record: object) {
  const text = JSON.stringify(record)
  const map = mapNamed(name) ?? ownMap
  return check({ line: 1, end: { offset: 0, line: 1 }, text }, { parser, map, columns: null, trustsVerified: true })
}

const person = { id: '1', email: 'a@example.com' }
const ofOwn = { ...person, phoneVerifiedAt: null, emailVerifiedAt: null }
const flags = ['WAHR', 'VRAI', 'FALSO', 'verdadero', 'NULL', '2', 2, 1.5, {}, [true], 'constructor']
const times = ['04.03.2021', '0001-01-01 00:00:00', '2999-01-01', 'NULL', '0', 1.5, true, { $date: 1 }]
const texts = [{}, ['a'], true, 1.5]
const lists = ['a', {}, 7]
const address = { id: 'i', email_address: 'a@example.com' }
const ofClerk = { id: '1', primary_email_address_id: 'i' }
/** Records, and what stands in their columns that no system writes there. */
const odd = [
  ['supabase', { ...person, aud: 'x' }, ['is_anonymous', flags], ['email_confirmed_at', times], ['created_at', times]],
  [
    'supabase',
    { ...person, aud: 'x' },
    ['deleted_at', ['NULL', 'f', 'soon']],
    ['banned_until', ['NULL', 'soon', '20260101']],
  ],
  ['supabase', { ...person, aud: 'x' }, ['raw_user_meta_data', ['{', '5', '[]', [], 5]], ['last_sign_in_at', times]],
  ['supabase', { id: '1', aud: 'x', is_anonymous: 't' }, ['deleted_at', ['NULL']]],
  [
    'auth0',
    { user_id: '1', email: 'a@example.com' },
    ['email_verified', flags],
    ['blocked', flags],
    ['last_login', times],
  ],
  [
    'auth0',
    { user_id: '1', phone_number: '+919876543210' },
    ['phone_verified', flags],
    ['name', texts],
    ['email', texts],
  ],
  [
    'better-auth',
    { ...person, emailVerified: false },
    ['emailVerified', flags],
    ['banned', flags],
    ['is_anonymous', flags],
  ],
  [
    'better-auth',
    { ...person, email_verified: false, banned: 't' },
    ['banExpires', ['NULL', 20260101]],
    ['created_at', times],
  ],
  [
    'firebase',
    { localId: '1', email: 'a@example.com' },
    ['emailVerified', flags],
    ['disabled', flags],
    ['lastSignedInAt', times],
  ],
  ['firebase', { localId: '1' }, ['providerUserInfo', lists], ['phoneNumber', texts]],
  [
    'clerk',
    { id: '1', primary_email_address: 'a@example.com' },
    ['banned', flags],
    ['verified_email_addresses', texts],
  ],
  [
    'clerk',
    { ...ofClerk, email_addresses: [address] },
    ['email_addresses', lists],
    ['primary_email_address_id', ['j']],
  ],
  [
    'latchkey',
    ofOwn,
    ['emailVerifiedAt', times],
    ['phoneVerifiedAt', times],
    ['updatedAt', times],
    ['disabledAt', ['yes', true]],
  ],
  ['latchkey', ofOwn, ['role', ['admin', 'OWNER', 1]], ['locale', ['en_US', 'xx-yy', 'English']], ['userName', texts]],
] as const

t.test('what is neither empty nor understood is taken for nothing: its column is named', async (t) => {
  for (const [name, record, ...columns] of odd) {
    const each = columns.flatMap(([column, values]) => values.map((value: unknown) => [column, value] as const))
    for (const [column, value] of each) {
      const refusal = { reason: 'value_not_valid', column }
      const checked = checkLine(name, { ...record, [column]: value })
      t.match(checked, { kind: 'refused', refusal }, `${name} ${column} ${JSON.stringify(value)}`)
    }
    for (const nothing of [null, ' ', undefined]) {
      const empty = Object.fromEntries(columns.map(([column]) => [column, nothing]))
      t.notMatch(
        checkLine(name, { ...record, ...empty }),
        { refusal: { reason: 'value_not_valid' } },
        `${name} ${nothing}`,
      )
    }
  }
  t.match(checkLine('auth0', { user_id: '1', email: 'a@example.com', email_verified: 'WAHR' }), {
    refusal: { line: 1, reason: 'value_not_valid', column: 'email_verified', id: '1', email: 'a***@example.com' },
  })
  t.match(checkLine('clerk', { ...ofClerk, email_addresses: [{ id: 'i' }] }), { refusal: { reason: 'no_identifier' } })
  for (const [given, column] of [
    [{ verification: { status: 'maybe' } }, 'verification'],
    [{ verification: 'verified' }, 'verification'],
    [{ email_address: {} }, 'email_address'],
  ] as const) {
    t.match(checkLine('clerk', { ...ofClerk, email_addresses: [{ ...address, ...given }] }), {
      refusal: { reason: 'value_not_valid', column: `email_addresses.${column}` },
    })
  }
})

t.test('flags, as PostgreSQL reads them', async (t) => {
  const flagOf = (flag: unknown) => {
    const values = new Values({ flag })
    return [values.flag('flag'), values.unreadable]
  }
  for (const word of [true, 1, '1', 't', 'TRUE', 'yes', 'y', 'on']) t.strictSame(flagOf(word), [true, undefined])
  for (const word of [false, 0, '0', 'f', 'False', 'no', 'n', 'off', '', null])
    t.strictSame(flagOf(word), [false, undefined])
})
