// Who moves in: what is written, what is refused and why, what the trail says; and that a run which ends at any moment is gone on with.
import { existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import type { Client } from 'pg'
import t, { type Test } from 'tap'
import { withDirectClient } from '../../../src/database/direct-client.js'
import { IdentifierParser } from '../../../src/identifiers/parser.js'
import { idOf } from '../../../src/users/import/check.js'
import { type ImportOptions, importUsers } from '../../../src/users/import/import.js'
import { mapNamed, ownMap } from '../../../src/users/import/maps.js'
import { startApp, type TestApp } from '../../support/app.js'
import { insertUser, verify } from '../people.js'

const parser = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms', 'email'] })
const idOfLine = (line: number) => `0d1f4a5e-0000-4000-8000-${String(line).padStart(12, '0')}`

type Given = Partial<Omit<ImportOptions, 'file' | 'map'>> &
  Readonly<{ map?: string; wrap?: (client: Client) => Client }>

/** An import of lines into the database of a service. */
function importInto(
  service: TestApp,
  path: string,
  { map = 'supabase', wrap = (client) => client, ...given }: Given = {},
) {
  return withDirectClient(service.config.database.directUrl, async (client) => {
    const file = await open(path)
    try {
      const paths = { report: `${path}.refused.ndjson`, ids: `${path}.ids.ndjson`, ledger: `${path}.import.json` }
      const options = { file, paths, parser, trustsVerified: false, map: mapNamed(map) ?? ownMap, ...given }
      return await importUsers({ ...options, client: wrap(client) })
    } finally {
      await file.close()
    }
  })
}

const linesOf = (path: string): object[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

function fileOf(t: Test, records: readonly object[]): string {
  const path = joinPath(t.testdir({}), 'users.ndjson')
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return path
}

const asha = {
  id: idOfLine(1),
  email: 'asha@example.com',
  phone: '919876543210',
  email_confirmed_at: '2024-01-01 00:00:00+00',
}

t.test('each line is made a user, or refused with its reason', async (t) => {
  const service = await startApp(t)
  const { database } = service
  await insertUser(service, idOfLine(90), 'Standing', { phone: '+919876543290' })
  await insertUser(service, idOfLine(91), 'Standing', { email: 'standing@example.com', phone: '+919876543291' })
  const row = { phone_confirmed_at: null }
  const path = fileOf(t, [
    { ...asha, raw_user_meta_data: { full_name: 'Asha Rao' } },
    { ...row, id: idOfLine(2), phone: '919876543290' },
    { ...row, id: idOfLine(3), email: 'Standing@example.com' },
    { ...row, id: idOfLine(90), email: 'somebody.else@example.com' },
    { ...row, id: idOfLine(91), email: 'standing@example.com', phone: '919876543299' },
    { ...row, id: idOfLine(6), email: 'asha@example.com' },
    asha,
    { ...row, id: idOfLine(1), phone: '919876543298' },
    { ...row, id: 'no-uuid', email: 'ravi@example.com', banned_until: 'infinity' },
    { ...row, id: idOfLine(10), deleted_at: '2024-01-01 00:00:00+00' },
    { ...row, id: idOfLine(11) },
    { ...row, id: idOfLine(12), email: 'meera@example.com', is_anonymous: 'FALSCH' },
  ])
  const expected = {
    counts: {
      made: 2,
      present: 2,
      leftOut: { deleted: 1 },
      refused: { phone_taken: 1, email_taken: 2, id_taken: 2, no_identifier: 1, value_not_valid: 1 },
      admins: 0,
    },
    isWhole: true,
  }
  const before = await database.user.findMany({ orderBy: { id: 'asc' } })
  t.match(await importInto(service, path, { isTrial: true }), expected, 'tried')
  t.strictSame(await database.user.findMany({ orderBy: { id: 'asc' } }), before)
  t.equal(await database.authEvent.count(), 0)
  const tried = linesOf(`${path}.refused.ndjson`)
  t.notOk(existsSync(`${path}.ids.ndjson`))

  for (const batchSize of [100, 1]) {
    await database.user.deleteMany({ where: { id: { notIn: [idOfLine(90), idOfLine(91)] } } })
    t.match(await importInto(service, path, { batchSize }), expected, `in batches of ${batchSize}`)
    t.strictSame(linesOf(`${path}.refused.ndjson`), tried)
    t.strictSame(linesOf(`${path}.ids.ndjson`), [{ old: 'no-uuid', new: idOf('supabase', 'no-uuid') }])
    t.strictSame(statSync(`${path}.refused.ndjson`).mode & 0o777, 0o600)
  }
  t.strictSame(tried, [
    { line: 2, reason: 'phone_taken', id: idOfLine(2), phone: '+91******3290' },
    { line: 3, reason: 'email_taken', id: idOfLine(3), email: 'S***@example.com' },
    { line: 4, reason: 'id_taken', id: idOfLine(90), email: 's***@example.com' },
    { line: 6, reason: 'email_taken', id: idOfLine(6), email: 'a***@example.com' },
    { line: 8, reason: 'id_taken', id: idOfLine(1), phone: '+91******3298' },
    { line: 11, reason: 'no_identifier', id: idOfLine(11) },
    { line: 12, reason: 'value_not_valid', column: 'is_anonymous', id: idOfLine(12), email: 'm***@example.com' },
  ])
  t.match(await database.user.findUnique({ where: { id: idOf('supabase', 'no-uuid') } }), {
    disabledAt: Date,
    role: 'USER',
  })
  const events = await database.authEvent.findMany({ orderBy: { id: 'asc' } })
  const summary = '2 made, 2 there already, 7 refused, 1 left out'
  t.strictSame(
    events
      .slice(0, 2)
      .map(({ event, detail, userId, actorId, network }) => ({ event, detail, userId, actorId, network })),
    [
      'import begun: supabase, verified flags do not count',
      `import ended: supabase, verified flags do not count; ${summary}`,
    ].map((detail) => ({ event: 'authz_admin', detail, userId: null, actorId: null, network: null })),
  )
  t.equal(events.length, 4, 'two of each run')
  t.equal(await database.outboxEvent.count({ where: { type: 'user.created', userId: asha.id } }), 0, 'no webhook')

  t.match(
    await importInto(service, path),
    { counts: { made: 0, present: 4 } },
    'again: nobody twice, and all ids are told',
  )
  t.strictSame(linesOf(`${path}.ids.ndjson`), [{ old: 'no-uuid', new: idOf('supabase', 'no-uuid') }])
})

t.test('who moved in signs in by proving something, and what else was said of them goes', async (t) => {
  const service = await startApp(t)
  const path = fileOf(t, [asha])
  await importInto(service, path)
  const signedIn = await verify(service, '+919876543210')
  t.match(signedIn.body, { isNewUser: false, user: { id: asha.id, phone: '+919876543210', email: null } })
  const other = await verify(service, 'asha@example.com')
  t.match(other.body, { isNewUser: true, user: { email: 'asha@example.com', phone: null } })

  await service.database.user.deleteMany()
  await service.database.outboxEvent.deleteMany()
  await importInto(service, path, { trustsVerified: true, tellsEvents: true })
  t.match(await service.database.outboxEvent.findMany(), [{ type: 'user.created', userId: asha.id }])
  const stranger = await verify(service, '+919876543210')
  t.match(
    stranger.body,
    { isNewUser: true, user: { email: null } },
    'the phone was not verified there: it opens nothing',
  )
  const owner = await verify(service, 'asha@example.com')
  t.match(owner.body, { isNewUser: false, user: { id: asha.id, phone: null } })
  t.match(await importInto(service, path), { counts: { present: 1 } }, 'who has lost the phone is the same person')
})

t.test('a run that ends at any moment is gone on with, and ends as one that did not', async (t) => {
  const service = await startApp(t)
  const { database } = service
  const rows = Array.from({ length: 7 }, (_, index) => ({
    id: index % 3 === 0 ? `old-${index}` : idOfLine(index),
    email: index === 4 ? 'person1@example.com' : `person${index}@example.com`,
    aud: 'authenticated',
    created_at: '2024-01-01 00:00:00+00',
  }))
  const path = fileOf(t, rows)
  const given = { batchSize: 2 }
  const outcome = async () => ({
    users: await database.user.findMany({ orderBy: { id: 'asc' } }),
    refused: linesOf(`${path}.refused.ndjson`),
    ids: linesOf(`${path}.ids.ndjson`),
    events: (await database.authEvent.findMany({ orderBy: { id: 'asc' } })).map(({ detail }) => detail),
  })
  const forget = async () => {
    await database.user.deleteMany()
    await database.$executeRaw`TRUNCATE auth_events`
  }
  const whole = await importInto(service, path, given)
  t.match(whole.counts, { made: 6, refused: { email_taken: 1 } })
  const expected = await outcome()

  /** Ends at a statement: before it is sent, or after it was done and before anybody heard of it. */
  const endingAt = (statement: string, count: number, when: 'before' | 'after') => (client: Client) => {
    let left = count
    const query = async (text: string, values?: unknown[]) => {
      const isIt = text.startsWith(statement)
      if (isIt) left -= 1
      if (isIt && left === 0 && when === 'before') throw new Error('killed')
      const result = await client.query(text, values)
      if (isIt && left === 0) throw new Error('killed')
      return result
    }
    return { query } as unknown as Client
  }
  for (const when of ['before', 'after'] as const) {
    for (const [statement, count] of [
      ['COMMIT', 1],
      ['COMMIT', 2],
      ['INSERT INTO users', 3],
      ['COMMIT', 4],
      ['ANALYZE', 1],
    ] as const) {
      await forget()
      const wrap = endingAt(statement, count, when)
      await t.rejects(importInto(service, path, { ...given, wrap }), /killed/)
      const { counts } = await importInto(service, path, given)
      t.strictSame(counts, whole.counts)
      t.strictSame(await outcome(), expected, `${when} ${statement} ${count}`)
    }
  }

  await forget()
  const others = [
    { id: idOfLine(101), email: 'person1@example.com' },
    { id: idOfLine(105), email: 'person5@example.com' },
  ]
  await database.user.createMany({ data: others })
  await t.rejects(importInto(service, path, { ...given, wrap: endingAt('COMMIT', 3, 'before') }), /killed/)
  t.equal(linesOf(`${path}.refused.ndjson`).length, 3)
  await database.user.deleteMany({ where: { id: idOfLine(105) } })
  await importInto(service, path, given)
  const told = linesOf(`${path}.refused.ndjson`).map((refusal) => Reflect.get(refusal, 'line'))
  t.strictSame(told, [2, 5], 'what did not happen is not told')

  await forget()
  const stop = new AbortController()
  const tell = () => stop.abort()
  t.match(await importInto(service, path, { ...given, tell, signal: stop.signal }), {
    isWhole: false,
    counts: { made: 2 },
    line: 3,
  })
  const ledger = `${path}.import.json`
  t.equal(statSync(ledger).mode & 0o777, 0o600)
  await t.rejects(
    importInto(service, path, { trustsVerified: true }),
    /import\.json is of an import of another file, with other options or/,
  )
  const text = readFileSync(ledger, 'utf8')
  writeFileSync(ledger, JSON.stringify({ ...JSON.parse(text), transactionId: '999999999' }))
  await t.rejects(
    importInto(service, path, given),
    /^The database does not know what became of .*; --restart begins again$/,
  )
  for (const broken of ['', '{"run"']) {
    writeFileSync(ledger, broken)
    await t.rejects(importInto(service, path, given), /import\.json cannot be read; --restart begins again$/)
  }
  const ids = `${path}.ids.ndjson`
  const idsBefore = readFileSync(ids)
  for (const damage of [() => rmSync(ids), () => writeFileSync(ids, '{"old":')]) {
    writeFileSync(ledger, text)
    damage()
    await t.rejects(importInto(service, path, given), /ids\.ndjson is not as the import left it; --restart begins/)
  }
  writeFileSync(ids, idsBefore)
  writeFileSync(ledger, text)
  t.match(
    await importInto(service, path, { ...given, isTrial: true }),
    { counts: { made: 4, present: 2 } },
    'a trial is of the whole file',
  )
  t.match((await importInto(service, path, given)).counts, whole.counts)
  t.notOk(existsSync(ledger))
  await importInto(service, path, { ...given, tell, signal: stop.signal })
  t.match(await importInto(service, path, { isRestart: true }), { counts: { present: 6 } })
})

t.test('what cannot be imported', async (t) => {
  const service = await startApp(t)
  const refused = async (content: string, expected: string, given: Given = {}) => {
    const path = joinPath(t.testdir({}), 'users.csv')
    writeFileSync(path, content)
    await t.rejects(importInto(service, path, given), { message: expected })
  }
  await refused('id,email,aud\n', 'has no users; its first line is to name the columns')
  await refused(
    '919876543210,a@example.com\n2,b@example.com\n',
    'has no line that looks like supabase; its first line is to name the columns',
  )
  await refused(
    'id;email;aud\n1;a@example.com;x\n',
    'has no line that looks like supabase; a ; parts its columns: export it with commas',
  )
  await refused(
    'id\temail\n1\ta@example.com\n',
    'has no line that looks like supabase; a tab parts its columns: export it with commas',
  )
  await refused(
    'name,age\nAsha,7\n',
    'has no line that looks like supabase; the first one has name, age; its first line is to name the columns',
  )
  await refused(
    JSON.stringify(asha),
    'has no line that looks like firebase; the first one has id, email, phone, email_confirmed_at; it can be read with --map supabase',
    { map: 'firebase' },
  )
  await refused(
    JSON.stringify({ id: '1', phoneVerifiedAt: null, emailVerifiedAt: null }),
    'has no line that looks like auth0; the first one has id, phoneVerifiedAt, emailVerifiedAt; it can be read without --map',
    { map: 'auth0' },
  )
  await refused(
    'id,email,aud,email\n1,a@example.com,x,b@example.com\n',
    'names the column email twice in its first line',
  )
  await refused('{"a"\n[]\n', 'has no line that looks like clerk', { map: 'clerk' })
  await withDirectClient(service.config.database.directUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock(7246019)')
    await refused(JSON.stringify(asha), 'cannot be imported now: another import is under way on this database', {
      patience: 50,
    })
  })
  const query = async (text: string) => text.startsWith('SET') || Promise.reject(new Error('broken'))
  const wrap = () => ({ query }) as unknown as Client
  await refused(JSON.stringify(asha), 'broken', { wrap })
  t.equal(await service.database.user.count(), 0)
})

t.test('who stood in the way and is deleted at that moment is no reason to refuse anybody', async (t) => {
  const service = await startApp(t)
  const { database } = service
  await insertUser(service, idOfLine(90), 'Standing', { email: asha.email })
  const ravi = { id: idOfLine(2), aud: 'x', email: 'ravi@example.com' }
  const path = fileOf(t, [asha, { ...ravi, id: idOfLine(3), email: asha.email }, ravi])
  const wrap = (client: Client) => {
    const query = async (text: string, values?: unknown[]) => {
      if (text.includes('UNION')) await database.user.deleteMany({ where: { id: idOfLine(90) } })
      return client.query(text, values)
    }
    return { query } as unknown as Client
  }
  t.match(await importInto(service, path, { wrap }), { counts: { made: 2, refused: { email_taken: 1 } } })
  t.match(await database.user.findMany({ orderBy: { id: 'asc' } }), [{ id: asha.id }, { id: ravi.id }])
})

t.test('a file of nobody but those who are refused is one of that system', async (t) => {
  const service = await startApp(t)
  const record = { id: idOfLine(1), aud: 'authenticated', deleted_at: 'NULL', is_anonymous: true }
  const path = fileOf(t, [record])
  t.match(await importInto(service, path), { counts: { made: 0, refused: { value_not_valid: 1 } } })
  t.match(linesOf(`${path}.refused.ndjson`), [{ line: 1, reason: 'value_not_valid', column: 'deleted_at' }])
})

t.test('the files beside it lead nowhere else, and show what is in them', async (t) => {
  const service = await startApp(t)
  const path = fileOf(t, [
    { ...asha, id: 'a\u009b2J\u202e\u{e0041}', phone: undefined },
    { ...asha, id: 'b', email: 'b@exa\u202emple\u007f' },
  ])
  const elsewhere = `${path}.elsewhere`
  const beside = ['.refused.ndjson', '.ids.ndjson', '.import.json.new']
  for (const name of beside) symlinkSync(elsewhere, `${path}${name}`)
  t.match(await importInto(service, path), { counts: { made: 1, refused: { email_not_valid: 1 } } })
  t.notOk(existsSync(elsewhere), 'a link is not written through')
  for (const name of beside.slice(0, 2)) {
    t.ok(lstatSync(`${path}${name}`).isFile(), name)
    t.equal(statSync(`${path}${name}`).mode & 0o777, 0o600)
    t.match(readFileSync(`${path}${name}`, 'utf8'), /^[\x20-\x7e\n]+$/)
  }
  t.match(linesOf(`${path}.ids.ndjson`), [{ old: 'a\u009b2J\u202e\u{e0041}' }])
})
