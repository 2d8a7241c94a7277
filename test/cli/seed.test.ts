// `latchkey seed`: the same people for the same seed, and never among real ones unasked.
import { Client } from 'pg'
import t from 'tap'
import { progressLine } from '../../src/cli/progress.js'
import { seedUsers } from '../../src/cli/seed-data.js'
import { normalizeEmail } from '../../src/identifiers/email.js'
import { normalizeInternationalPhone } from '../../src/identifiers/phone.js'
import { runCommand } from '../support/command.js'
import { createTestDatabase } from '../support/database.js'

function run(url: string, words: string[], mode: Record<string, string> = { NODE_ENV: 'test' }) {
  return runCommand(['seed', ...words], { environment: { DATABASE_URL: url, ...mode } })
}

t.test('users and their homes', async (t) => {
  const { url } = await createTestDatabase()
  const client = new Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  const count = async (query: string) => Number((await client.query(`SELECT count(*) FROM ${query}`)).rows[0].count)

  const first = await run(url, ['--users', '6000'])
  t.match(first, { code: 0, output: [/^6,000 users written in \d+\.\d s \([\d,]+ a second\)$/] })
  t.equal(first.errors.length, 2, 'progress after each batch')
  t.equal(await count('users'), 6000)
  t.ok((await count('addresses WHERE is_default')) > 4500)
  t.equal(await count('users WHERE (phone IS NULL) <> (phone_verified_at IS NULL)'), 0)

  t.match(await run(url, ['--users', '10']), { code: 1, output: [], errors: [/^This database has users; --force/] })
  t.match(await run(url, ['--users', '6000', '--force']), { code: 0, output: [/^0 users written/] }, 'the same ones')
  t.match(await run(url, ['--users', '10', '--seed', '2', '--force']), { code: 0, output: [/^10 users written/] })
})

t.test('where it refuses', async (t) => {
  const nowhere = 'postgresql://127.0.0.1:1/none'
  for (const mode of [{}, { NODE_ENV: 'production' }]) {
    t.match(await run(nowhere, [], mode as Record<string, string>), {
      code: 1,
      errors: [/^Only with NODE_ENV=development/],
    })
  }
  for (const words of [
    ['--users', '0'],
    ['--users', '-1'],
    ['--users', 'x'],
    ['--seed', '1.5'],
  ]) {
    t.match(await run(nowhere, words), { code: 2, errors: [/must be a whole number from 1 |^--users needs a value/] })
  }
  t.match(await run(nowhere, []), { code: 1, output: [] }, 'no database')
})

t.test('what they look like', async (t) => {
  const people = [...seedUsers(2000, 7)]
  t.strictSame(people, [...seedUsers(2000, 7)])
  t.notSame(people[0], [...seedUsers(1, 8)][0])
  t.equal(new Set(people.flatMap(({ phone }) => phone ?? [])).size, people.filter(({ phone }) => phone).length)
  for (const { phone, email } of people.slice(0, 200)) {
    t.ok(phone !== null || email !== null)
    if (phone !== null) t.match(phone, /^\+91[6-9]\d{9}$/)
    if (email !== null) t.equal(normalizeEmail(email), email)
  }
  const valid = people.filter(({ phone }) => phone && typeof normalizeInternationalPhone(phone, ['IN']) !== 'string')
  t.ok(valid.length > 1000, 'most numbers could be somebody’s')
})

t.test('the line of progress', async (t) => {
  t.equal(progressLine({ done: 0, total: 10, elapsed: 0 }), `[${'·'.repeat(24)}] 0 %  0 of 10  0/s`)
  const half = `[${'#'.repeat(12)}${'·'.repeat(12)}] 50 %  5,000 of 10,000  1,000/s  5 s left`
  t.equal(progressLine({ done: 5000, total: 10_000, elapsed: 5 }), half)
})
