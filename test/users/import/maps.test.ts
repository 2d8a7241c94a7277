// What is read of each system's export, as that system documents it: made-up files, with what can be wrong in them.
import { open } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import { IdentifierParser } from '../../../src/identifiers/parser.js'
import { check, idNamespace, idOf } from '../../../src/users/import/check.js'
import { mapNamed, ownMap } from '../../../src/users/import/maps.js'
import { findRecords, RecordReader } from '../../../src/users/import/reader.js'

const parser = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms', 'email'] })

/** What becomes of each record of a file: the row, with what is null left out; or a text that says why there is none. */
async function readAll(name: string, trustsVerified = true) {
  const map = mapNamed(String(name.split('.')[0]))
  if (map === undefined) throw new Error(name)
  const file = await open(`test/users/import/exports/${name}`)
  try {
    const { layout, columns, place } = await findRecords(file, map.columns)
    const records = await new RecordReader(file, layout, place).take(1_000)
    return records.map((record) => {
      const checked = check(record, { parser, map, columns, trustsVerified })
      if (checked.kind === 'refused') return `${checked.refusal.line}: ${checked.refusal.reason}`
      if (checked.kind === 'left_out') return checked.why
      return Object.fromEntries(Object.entries(checked.user).filter(([, value]) => value !== null))
    })
  } finally {
    await file.close()
  }
}

t.test('Supabase', async (t) => {
  const [asha, ravi, deleted, anonymous, meera, ...refused] = await readAll('supabase.csv')
  t.strictSame(asha, {
    id: '0d1f4a5e-0000-4000-8000-000000000001',
    userName: 'Asha Rao',
    nameKey: 'asha rao',
    publicMetadata: '{}',
    phone: '+919876543210',
    phoneVerifiedAt: '2023-08-12T08:00:00.000Z',
    phoneUsedAt: '2024-02-02T22:35:06.000Z',
    email: 'asha@example.com',
    emailVerifiedAt: '2023-08-11T12:34:56.789Z',
    emailUsedAt: '2024-02-02T22:35:06.000Z',
    createdAt: '2023-08-11T12:30:00.000Z',
    updatedAt: '2023-08-11T12:30:00.000Z',
  })
  t.match(ravi, { userName: 'Ravi', phone: '+919876543211', disabledAt: 'now' })
  t.notOk(Object.hasOwn(Object(ravi), 'phoneVerifiedAt'), 'not confirmed there')
  t.strictSame([deleted, anonymous], ['deleted', 'anonymous'])
  t.match(meera, { email: 'meera@example.com' })
  t.notOk(Object.hasOwn(Object(meera), 'disabledAt'), 'a ban that is over')
  t.strictSame(refused, [
    '8: email_not_valid',
    '9: number_type_not_supported',
    '10: not_csv',
    '11: no_identifier',
    '12: columns',
    '13: country_not_supported',
  ])
  const [untrusted] = await readAll('supabase.csv', false)
  t.notOk(
    Object.keys(Object(untrusted)).some((name) => name.endsWith('VerifiedAt')),
    'flags count only where they are trusted',
  )
})

t.test('Auth0', async (t) => {
  const [asha, ravi, meera, ...refused] = await readAll('auth0.ndjson')
  const id = 'auth0|5f7c8ec7c33c6c004bbafe82'
  t.strictSame(asha, {
    id: idOf('auth0', id),
    nameKey: '',
    publicMetadata: '{}',
    phoneUsedAt: '2021-03-04T05:06:07.000Z',
    email: 'asha@example.com',
    emailVerifiedAt: '2021-03-04T05:06:07.000Z',
    emailUsedAt: '2024-01-02T03:04:05.000Z',
    createdAt: '2021-03-04T05:06:07.000Z',
    updatedAt: '2021-03-04T05:06:07.000Z',
  })
  t.match(ravi, { userName: 'Ravi Verma', phone: '+919876543211', phoneVerifiedAt: String, disabledAt: 'now' })
  t.match(meera, { userName: 'Meera Nair', createdAt: 'now' })
  t.notOk(Object.hasOwn(Object(meera), 'emailVerifiedAt'))
  t.strictSame(refused, ['4: no_identifier', '5: not_json', '6: not_a_user', '7: not_json'])
  t.match(await readAll('auth0.csv'), [{ id: idOf('auth0', id), userName: 'Asha "A" Rao', emailVerifiedAt: String }])
})

t.test('better-auth', async (t) => {
  const [asha, ravi, meera, ...others] = await readAll('better-auth.json')
  t.match(asha, {
    id: idOf('better-auth', 'Xk3vQ9aZ'),
    userName: 'Asha Rao',
    emailVerifiedAt: '2024-05-06T07:08:09.000Z',
    createdAt: '2024-05-06T07:08:09.000Z',
  })
  t.notOk(['phoneVerifiedAt', 'disabledAt'].some((name) => Object.hasOwn(Object(asha), name)))
  t.match(ravi, { phone: '+919876543211', phoneVerifiedAt: '2024-05-06T07:08:09.500Z' })
  t.notOk(['userName', 'disabledAt'].some((name) => Object.hasOwn(Object(ravi), name)))
  t.match(meera, { userName: 'Meera {Nair}]', createdAt: '2024-05-06T07:08:09.000Z', disabledAt: 'now' })
  t.match(others, ['anonymous', /: no_identifier$/])
  for (const column of ['emailVerified', 'email_verified'])
    t.ok(mapNamed('better-auth')?.isUser({ id: 'Xk3vQ9aZ', [column]: null }), 'a column that is empty is there')
})

t.test('Firebase', async (t) => {
  for (const [name, called] of [
    ['firebase.json', 'Asha "A" Rao'],
    ['firebase.csv', 'Rao, Asha'],
  ] as const) {
    const [asha, ravi, anonymous, elsewhere] = await readAll(name)
    t.match(asha, {
      id: idOf('firebase', '3sT9bX'),
      userName: called,
      phoneVerifiedAt: '2021-03-04T05:06:07.000Z',
      emailVerifiedAt: String,
      emailUsedAt: '2024-01-02T03:04:05.000Z',
    })
    t.match(ravi, { phone: '+919876543211', disabledAt: 'now' })
    t.equal(anonymous, 'anonymous')
    t.match(elsewhere, /: no_identifier$/)
  }
})

t.test('Clerk', async (t) => {
  const [asha, ravi] = await readAll('clerk.csv')
  t.match(asha, {
    id: idOf('clerk', 'user_2abc'),
    userName: 'Asha Rao',
    emailVerifiedAt: 'now',
    phone: '+919876543210',
  })
  t.notOk(Object.hasOwn(Object(asha), 'phoneVerifiedAt'))
  t.match(ravi, { userName: 'Ravi', phoneVerifiedAt: 'now' })
  const [ofApi, unverified] = await readAll('clerk.json')
  t.match(ofApi, {
    email: 'asha@example.com',
    emailVerifiedAt: String,
    emailUsedAt: '2024-01-02T03:04:05.000Z',
    disabledAt: 'now',
  })
  t.match(unverified, { phone: '+919876543211' })
  t.notOk(['phoneVerifiedAt', 'userName'].some((name) => Object.hasOwn(Object(unverified), name)))
})

t.test('our own: a number that was proved stays what it is, where messages may go there', async (t) => {
  const outcomeOf = (phone: string, isVerified: boolean, trustsVerified: boolean, publicMetadata?: object) => {
    const verifiedAt = isVerified ? '2024-01-01T00:00:00.000Z' : null
    const text = JSON.stringify({
      id: '1',
      phone,
      phoneVerifiedAt: verifiedAt,
      emailVerifiedAt: null,
      publicMetadata,
    })
    const record = { line: 1, end: { offset: 0, line: 1 }, text }
    const checked = check(record, { parser, map: ownMap, columns: null, trustsVerified })
    return checked.kind === 'user' ? checked.user.phone : checked.kind === 'refused' && checked.refusal.reason
  }
  // Of a range that today's metadata does not know.
  const unknown = '+917126161991'
  t.equal(outcomeOf(unknown, true, true), unknown)
  t.equal(outcomeOf(unknown, true, false), 'number_type_not_supported')
  t.equal(outcomeOf(unknown, false, true), 'number_type_not_supported')
  t.equal(outcomeOf('+12015550123', true, true), 'country_not_supported')
  t.equal(outcomeOf('12', true, true), 'phone_not_valid')
  t.equal(outcomeOf(unknown, true, true, []), 'metadata_not_valid')
})

t.test('ids are kept, or made of the old ones, the same in every run', async (t) => {
  t.equal(idOf('clerk', '0D1F4A5E-0000-4000-8000-000000000001'), '0d1f4a5e-0000-4000-8000-000000000001')
  // Python: uuid.uuid5(uuid.UUID(namespace), 'auth0:auth0|5f7c8ec7c33c6c004bbafe82')
  t.equal(idNamespace, '9f5b1c6e-7a0d-4e55-8d0e-3f1f6c2a9b74')
  t.equal(idOf('auth0', 'auth0|5f7c8ec7c33c6c004bbafe82'), '5022d948-f977-5ce4-8a31-324205844284')
  t.not(idOf('auth0', '7'), idOf('clerk', '7'))
})

t.test('names are as the API would take them', async (t) => {
  const nameOf = (full_name: string) => {
    const text = JSON.stringify({ id: '1', aud: 'x', email: 'a@example.com', raw_user_meta_data: { full_name } })
    const map = mapNamed('supabase')
    if (map === undefined) throw new Error('supabase')
    const record = { line: 1, end: { offset: 0, line: 1 }, text }
    const checked = check(record, { parser, map, columns: null, trustsVerified: false })
    return checked.kind === 'user' && checked.user.userName
  }
  t.equal(nameOf(' Asha\u0000\n Rao\ud800'), 'Asha Rao\ufffd')
  t.equal(nameOf('\u200b'), null)
  t.equal(nameOf('🪷'.repeat(300)), '🪷'.repeat(200))
})

/** What becomes of a line of our own export. */
function checkOwn(record: object | string) {
  return checkLine('latchkey', typeof record === 'string' ? record : { ...unproved, ...record })
}

/** What becomes of a line of JSON. */
function checkLine(name: string, record: object | string) {
  const text = typeof record === 'string' ? record : JSON.stringify(record)
  const map = mapNamed(name) ?? ownMap
  return check({ line: 1, end: { offset: 0, line: 1 }, text }, { parser, map, columns: null, trustsVerified: true })
}
const unproved = { id: '1', email: 'a@example.com', phoneVerifiedAt: null, emailVerifiedAt: null }

t.test('who is disabled stays so, whatever the clock of the other machine said', async (t) => {
  for (const disabledAt of ['2999-01-01T00:00:00.000Z', '+275760-09-13T00:00:00.000Z', '1969-12-31T00:00:00Z']) {
    t.match(checkOwn({ disabledAt }), { kind: 'user', user: { disabledAt: 'now' } }, disabledAt)
  }
  t.match(checkOwn({ disabledAt: '' }), { kind: 'user', user: { disabledAt: null } })
})

t.test('no line ends an import, whatever stands in it', async (t) => {
  t.match(checkOwn({ id: '\ud800' }), { kind: 'user', user: { id: idOf('latchkey', '\ufffd') } })
  t.match(checkOwn({ email: '@abc' }), { kind: 'refused', refusal: { reason: 'email_not_valid', email: '***' } })
  const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`
  const record = JSON.stringify({ ...unproved, publicMetadata: 0 }).replace(/0}$/, `${deep}}`)
  t.match(checkOwn(record), { kind: 'refused', refusal: { reason: 'metadata_not_valid' } })
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('@', '.', '+', '9', 'a', '\ud800', '\0') }),
  )
  const names = ['id', 'phone', 'email', 'userName', 'locale', 'createdAt', 'disabledAt', 'phoneVerifiedAt']
  const records = fc.record(Object.fromEntries(names.map((name) => [name, fc.oneof(texts, fc.jsonValue())])))
  fc.assert(
    fc.property(records, (record) => {
      checkOwn(record)
    }),
    { numRuns: 200 },
  )
})
