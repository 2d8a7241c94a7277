// The service tells and takes times in UTC, whatever the time zone of its database: Prisma drops the zone of what it reads and writes.
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp } from '../support/app.js'
import { createTestDatabase } from '../support/database.js'
import { join, joinAsAdmin } from '../users/people.js'
import { query } from './scratch.js'

/** A database in a time zone that is half an hour off every whole one. */
async function createDatabaseInKolkata(): Promise<string> {
  const { url } = await createTestDatabase()
  const name = new URL(url).pathname.slice(1)
  await withConnection(url, (client) => client.query(`ALTER DATABASE "${name}" SET timezone = 'Asia/Kolkata'`))
  return url
}

/** Rows as a session in the database's own time zone finds them. */
const rowsOf = (url: string, text: string) => withConnection(url, async (client) => (await client.query(text)).rows)

const inUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Every time, wherever it is in a document, is in UTC, and what has just happened is of this minute; returns how many there are. */
function checkTimes(t: Test, document: object, path = ''): number {
  let times = 0
  for (const [name, value] of Object.entries(document)) {
    const place = `${path}/${name}`
    if (typeof value === 'object' && value !== null) times += checkTimes(t, value, place)
    else if (/(_at|At)$/.test(name) && value !== null) {
      times += 1
      t.match(value, inUtc, place)
      if (/created|happened|exported|last_/.test(name)) {
        t.ok(Math.abs(Date.parse(value) - Date.now()) < 60_000, `${place} ${value} is now`)
      }
    }
  }
  return times
}

t.test('every session is in UTC, however it comes about', async (t) => {
  const url = await createDatabaseInKolkata()
  t.strictSame(await rowsOf(url, 'SHOW timezone'), [{ TimeZone: 'Asia/Kolkata' }], 'the database is not')
  for (const directUrl of [url, `${url}?pooler`]) {
    const database = openDatabase({ url, directUrl, poolSize: 2, namedStatements: true })
    t.teardown(() => database.$disconnect())
    const statement = { text: 'SHOW timezone', values: [] }
    t.strictSame(await database.run(statement), [{ TimeZone: 'UTC' }])
    t.strictSame(await database.$queryRaw`SHOW timezone`, [{ TimeZone: 'UTC' }])
  }
  t.strictSame(await query(url, 'SHOW timezone'), [['UTC']], 'that of migrations too')
})

t.test('answers, the export, and rows that Prisma writes have the right times', async (t) => {
  const databaseUrl = await createDatabaseInKolkata()
  const service = await startApp(t, { databaseUrl })
  t.equal((await service.get('/health/ready')).status, 200)
  const asha = await join(service, '+919876543210')
  const admin = await joinAsAdmin(service)
  for (const answer of [
    await asha.get('/users/me'),
    await asha.get('/users/me/sessions'),
    await admin.post('/users', { email: 'ravi@example.com' }),
    await admin.get(`/users/${asha.id}`),
    await admin.get('/users?sort=created_at'),
  ]) {
    t.ok(checkTimes(t, answer.body) > 0, answer.text)
  }
  const { data } = (await asha.get('/users/me/export')).body
  for (const section of ['user', 'sessions', 'devices', 'codes', 'events']) {
    t.ok(checkTimes(t, data[section], section) > 0, section)
  }
  const event = await service.database.authEvent.findFirst({ orderBy: { id: 'desc' } })
  t.ok(Math.abs(Number(event?.happenedAt) - Date.now()) < 60_000)

  const expiresAt = new Date('2031-02-03T04:05:06.789Z')
  await service.database.signupTicket.create({
    data: { tokenHash: new Uint8Array(32), phone: '+919876543211', expiresAt },
  })
  t.strictSame(await rowsOf(databaseUrl, 'SELECT expires_at FROM signup_tickets'), [{ expires_at: expiresAt }])
  t.match(await service.database.signupTicket.findFirst(), { expiresAt })
})

t.test('pages go on where they ended', async (t) => {
  const service = await startApp(t, { databaseUrl: await createDatabaseInKolkata() })
  const admin = await joinAsAdmin(service)
  await admin.post('/users', { email: 'ravi@example.com' })
  const first = await admin.get('/users?sort=created_at&limit=1')
  const second = await admin.get(`/users?sort=created_at&limit=1&cursor=${encodeURIComponent(first.body.next_cursor)}`)
  t.match([first.text, second.text], [/admin@example/, /ravi@example/])
})

t.test('a service whose sessions are in another time zone is not ready, and says why', async (t) => {
  const service = await startApp(t, { settings: { DATABASE_POOL_SIZE: '1' } })
  const zone = async (name: string) => {
    await service.database.$executeRawUnsafe(`SET TIME ZONE '${name}'`)
    const { status, body } = await service.get('/health/ready')
    return [status, body.errors]
  }
  t.strictSame(await zone('Asia/Kolkata'), [
    503,
    ['The sessions of the database have settings that the service cannot work with'],
  ])
  t.match(
    service.logged(),
    /"fault":"database_settings","reason":"[^"]*","settings":\["TimeZone is Asia\/Kolkata in its sessions: ALTER ROLE .* SET TimeZone = 'UTC'"\]/,
  )
  t.equal((await zone('Europe/London'))[0], 503, 'which is the same in winter')
  for (const name of ['UTC', 'Etc/UTC', 'zulu']) t.equal((await zone(name))[0], 200, name)
})
