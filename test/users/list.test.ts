// The list of users: pages that hold under inserts, orders, searches, and everything else refused.

import { readFile } from 'node:fs/promises'
import t from 'tap'
import { v7 as uuid } from 'uuid'
import { nameKey } from '../../src/users/name.js'
import { startApp, type TestApp } from '../support/app.js'
import { insertUser, joinAsAdmin, nobody, type Person } from './people.js'

const people: [string | null, string | null, string | null][] = [
  ['Asha Rao', '+919876543210', 'asha.rao@example.com'],
  ['asha verma', '+919876500001', null],
  ['Élodie Brûlé', null, 'elodie@example.com'],
  ['100% Sure', '+919812300000', null],
  ['a_b', '+919812300001', null],
  ['back\\slash', '+919812300002', null],
  ['Zoë', '+12015550123', 'z_under%score@example.com'],
  ['李小龍', '+919812300003', null],
  [null, '+919812300004', 'nameless@example.com'],
]

async function populate(service: TestApp): Promise<Person> {
  const admin = await joinAsAdmin(service)
  for (const [name, phone, email] of people) await insertUser(service, uuid(), name, { phone, email })
  return admin
}

async function pages(admin: Person, query: string): Promise<{ names: (string | null)[]; pages: number }> {
  const names: (string | null)[] = []
  let cursor: string | null = ''
  let count = 0
  while (cursor !== null) {
    const { status, body }: { status: number; body: { data: { user_name: string }[]; next_cursor: string | null } } =
      await admin.get(`/users?${query}${cursor && `&cursor=${cursor}`}`)
    if (status !== 200) throw new Error(`${status}`)
    names.push(...body.data.map(({ user_name }) => user_name))
    cursor = body.next_cursor
    count += 1
  }
  return { names, pages: count }
}

t.test('every order, page by page, each user once', async (t) => {
  const service = await startApp(t)
  const admin = await populate(service)
  const byName = [
    null,
    null,
    '100% Sure',
    'Asha Rao',
    'asha verma',
    'a_b',
    'back\\slash',
    'Zoë',
    'Élodie Brûlé',
    '李小龍',
  ]
  const byTime = [null, ...people.map(([name]) => name)]
  const byKey = [...byName].sort((one, other) => ((one ?? '').toLowerCase() < (other ?? '').toLowerCase() ? -1 : 1))
  const expected = {
    created_at: byTime,
    '-created_at': [...byTime].reverse(),
    user_name: byKey,
    '-user_name': [...byKey].reverse(),
  }
  for (const [sort, names] of Object.entries(expected)) {
    t.strictSame(await pages(admin, `sort=${sort}&limit=3`), { names, pages: 4 }, sort)
    t.strictSame(await pages(admin, `sort=${sort}&limit=10`), { names, pages: 1 }, `${sort}, all at once`)
  }
  t.strictSame(await pages(admin, ''), { names: byTime, pages: 1 }, '20, oldest first')

  await service.database.$executeRaw`UPDATE users SET created_at = '2026-01-01', name_key = 'same'`
  for (const sort of Object.keys(expected)) {
    const { names } = await pages(admin, `sort=${sort}&limit=1`)
    t.strictSame(names.length, 10, `${sort}: equals are told apart`)
  }
})

t.test('a page goes on where it was, whatever is inserted or deleted meanwhile', async (t) => {
  const service = await startApp(t)
  const admin = await populate(service)
  const first = await admin.get('/users?sort=user_name&limit=4')
  const [last] = first.body.data.slice(-1)
  await insertUser(service, uuid(), '000', { phone: '+919800000000' })
  await service.database.user.delete({ where: { id: last.id } })
  const next = await admin.get(`/users?sort=user_name&limit=100&cursor=${first.body.next_cursor}`)
  t.equal(first.body.data.length + next.body.data.length, 10)
  t.equal(next.body.next_cursor, null)
})

t.test('a search finds beginnings of names, phones and emails, and takes no wildcards', async (t) => {
  const service = await startApp(t)
  const admin = await populate(service)
  const found: Record<string, (string | null)[]> = {
    asha: ['Asha Rao', 'asha verma'],
    'ASHA  R': ['Asha Rao'],
    ' asha ': ['Asha Rao', 'asha verma'],
    rao: [],
    élo: ['Élodie Brûlé'],
    ÉLODIE: ['Élodie Brûlé'],
    李: ['李小龍'],
    'elodie@': ['Élodie Brûlé'],
    'ELODIE@example.com': ['Élodie Brûlé'],
    '98765': ['Asha Rao', 'asha verma'],
    '098765 432': ['Asha Rao'],
    '+91 98765-0': ['asha verma'],
    '+1': ['Zoë'],
    '1': ['100% Sure', 'Zoë'],
    '0': [],
    '٩٨٧٦٥ ٤٣٢': ['Asha Rao'],
    '98765/432': ['Asha Rao'],
    '0091 98765-0': ['asha verma'],
    '+': people.filter(([, phone]) => phone).map(([name]) => name),
    '%': [],
    _: [],
    '\\': [],
    a_: ['a_b'],
    'back\\': ['back\\slash'],
    '100%': ['100% Sure'],
    'z_under%': ['Zoë'],
    z: ['Zoë'],
    "' OR 1=1": [],
    'nameless@': [null],
  }
  for (const [q, names] of Object.entries(found)) {
    const sorted = (list: (string | null)[]) => [...list].sort()
    for (const sort of ['created_at', '-user_name']) {
      const page = await pages(admin, `sort=${sort}&limit=2&q=${encodeURIComponent(q)}`)
      t.strictSame(sorted(page.names), sorted(names), `${q} ${sort}`)
    }
  }
})

t.test('a name is found by its beginning in whatever case, and an address however its domain is written', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const names = ['ΟΔΥΣΣΕΥΣ', 'Οδυσσεύς', 'Straße', 'İpek', 'Işık', 'Ᾰδης', 'ﬁnn', 'ᾼδης', 'ǅemal']
  for (const [index, name] of names.entries()) {
    const email = index === 0 ? 'o@xn--bcher-kva.example' : `p${index}@example.com`
    await insertUser(service, nobody.replace(/0$/, index.toString(16)), name, { email })
  }
  for (const [q, found] of [
    ['ΟΔΥΣ', ['ΟΔΥΣΣΕΥΣ', 'Οδυσσεύς']],
    ['οδυς', ['ΟΔΥΣΣΕΥΣ', 'Οδυσσεύς']],
    ['οδυσσευς', ['ΟΔΥΣΣΕΥΣ']],
    ['STRASS', ['Straße']],
    ['straß', ['Straße']],
    ['ipek', ['İpek']],
    ['IPEK', ['İpek']],
    ['isik', []],
    ['ışık', ['Işık']],
    ['IŞI', ['Işık']],
    ['fi', ['ﬁnn']],
    ['αιδ', ['ᾼδης']],
    ['ǆe', ['ǅemal']],
    ['o@Bücher.example', ['ΟΔΥΣΣΕΥΣ']],
  ] as const) {
    const { body } = await admin.get(`/users?q=${encodeURIComponent(q)}`)
    t.strictSame(
      body.data.map((user: { user_name: string }) => user.user_name),
      found,
      q,
    )
  }
  t.equal((await admin.get(`/users?q=${encodeURIComponent('\u3164')}`)).status, 400)
})

t.test('names that were there before are found in the same way', async (t) => {
  const service = await startApp(t)
  const names = ['ΟΔΥΣΣΕΥΣ', 'Straße', 'İpek', 'Işık', 'ᾼδης ᾴ', 'Asha Rao', 'ﬁnn', 'é', 'Ἑλλάς']
  for (const [index, name] of names.entries()) {
    await insertUser(service, nobody.replace(/0$/, String(index)), name, { email: `n${index}@example.com` })
    const before = name.normalize('NFKC').toLowerCase()
    await service.database.$executeRaw`UPDATE users SET name_key = ${before} WHERE user_name = ${name}`
  }
  const file = 'prisma/migrations/20261126200000_name_keys_without_case/migration.sql'
  await service.database.$executeRawUnsafe(await readFile(file, 'utf8'))
  for (const { userName, nameKey: key } of await service.database.user.findMany()) {
    t.equal(key, nameKey(String(userName)))
  }
})

t.test('a search that finds too much to gather it walks through the list instead', async (t) => {
  const service = await startApp(t)
  const admin = await populate(service)
  await service.database.$executeRaw`
    INSERT INTO users (id, user_name, name_key, phone)
    SELECT gen_random_uuid(), 'Many ' || n, 'many ' || n, '+9170000' || (10000 + n) FROM generate_series(1, 5000) n`
  const { body } = await admin.get('/users?q=many&sort=-user_name&limit=2')
  t.match(body.data, [{ user_name: 'Many 999' }, { user_name: 'Many 998' }])
  const next = await admin.get(`/users?q=many&sort=-user_name&limit=2&cursor=${body.next_cursor}`)
  t.match(next.body.data, [{ user_name: 'Many 997' }, { user_name: 'Many 996' }])
  t.equal((await admin.get('/users?q=many&limit=1')).body.data.length, 1)
})

t.test('anything else is 400', async (t) => {
  const service = await startApp(t)
  const admin = await populate(service)
  const good = (await admin.get('/users?limit=1&sort=user_name')).body.next_cursor
  const time = (await admin.get('/users?limit=1&sort=created_at')).body.next_cursor
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [sort, key, id] = JSON.parse(Buffer.from(good, 'base64url').toString())
  const queries = [
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=01',
    'limit=%201',
    'limit=a',
    'limit=',
    'limit=1&limit=2',
    'sort=role',
    'sort=',
    'sort=created_at;drop',
    'q=',
    'q=%20',
    `q=${'x'.repeat(201)}`,
    'q=a%00',
    'q=a&q=b',
    'x=1',
    'offset=10',
    'cursor=',
    'cursor=x',
    `cursor=${good}`,
    `sort=user_name&cursor=${time}`,
    `sort=-user_name&cursor=${good}`,
    `sort=user_name&cursor=${good}A`,
    `sort=user_name&cursor=${good}%3D`,
    `sort=user_name&cursor=${encode([sort, key])}`,
    `sort=user_name&cursor=${encode([sort, key, id, 1])}`,
    `sort=user_name&cursor=${encode([sort, 1, id])}`,
    `sort=user_name&cursor=${encode([sort, 'a\0', id])}`,
    `sort=user_name&cursor=${encode([sort, '\ud800', id])}`,
    `sort=user_name&cursor=${encode([sort, 'x'.repeat(201), id])}`,
    `sort=user_name&cursor=${encode([sort, key, "' OR 1=1"])}`,
    `cursor=${encode(['created_at', 'yesterday', id])}`,
    `cursor=${encode(['created_at', '2026-11-22', id])}`,
    `cursor=${encode({})}`,
  ]
  for (const query of queries) {
    const { status, body } = await admin.get(`/users?${query}`)
    t.match([status, body.code], [400, 'validation_failed'], query)
  }
  for (const limit of [1, 100]) t.equal((await admin.get(`/users?limit=${limit}`)).status, 200)
  t.equal((await admin.get(`/users?sort=user_name&cursor=${good}&limit=1`)).status, 200)
})
