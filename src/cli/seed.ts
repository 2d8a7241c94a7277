// Fills a development database with people who do not exist: `latchkey seed --users 1000000 [--seed 1] [--force]`.
import type { Client } from 'pg'
import { wholeNumber } from '../config/command-line.js'
import { parseDatabaseSettings } from '../config/config.js'
import { withDirectClient } from '../database/direct-client.js'
import { defineCommand, type WorkContext } from './command.js'
import { counted, inEnglish } from './counted.js'
import { seed as declared } from './declarations.js'
import { progressLine } from './progress.js'
import { type SeedUser, seedUsers } from './seed-data.js'

/** Users written by one statement. */
const batchSize = 5_000

export const seedCommand = defineCommand(declared, seedDatabase)

async function seedDatabase({
  values,
  environment,
  answer,
  printError,
}: WorkContext<typeof declared.options>): Promise<number> {
  const [count, seed] = [wholeNumber('--users', values.users), wholeNumber('--seed', values.seed)]
  // Unset means production, as everywhere.
  if (!['development', 'test'].includes(environment['NODE_ENV'] ?? '')) {
    throw new Error('Only with NODE_ENV=development or test: these users are not real')
  }
  return withDirectClient(parseDatabaseSettings(environment).directUrl, async (client) => {
    const { rows } = await client.query<{ filled: boolean }>('SELECT EXISTS (SELECT FROM users) AS filled')
    if (rows[0]?.filled && !values.force) throw new Error('This database has users; --force adds these to them')
    const begin = performance.now()
    const elapsed = () => (performance.now() - begin) / 1000
    let written = 0
    for (const batch of batchesOf(seedUsers(count, seed))) {
      written += await write(client, batch.users)
      printError(progressLine({ done: batch.end, total: count, elapsed: elapsed() }))
    }
    await client.query('ANALYZE users, addresses')
    const seconds = elapsed()
    const rate = inEnglish(Math.round(count / seconds))
    const line = `${counted(written, 'user')} written in ${seconds.toFixed(1)} s (${rate} a second)`
    answer({ written, seconds }, [line])
    return 0
  })
}

function* batchesOf(users: Iterable<SeedUser>): Generator<{ users: SeedUser[]; end: number }> {
  let batch: SeedUser[] = []
  let end = 0
  for (const user of users) {
    batch.push(user)
    end += 1
    if (batch.length < batchSize) continue
    yield { users: batch, end }
    batch = []
  }
  if (batch.length > 0) yield { users: batch, end }
}

/** Writes users with their addresses and returns how many were new: those of an earlier run with the same seed are there. */
async function write(client: Client, users: readonly SeedUser[]): Promise<number> {
  const column = <Name extends keyof SeedUser>(name: Name) => users.map((user) => user[name])
  const { rowCount } = await client.query(
    `INSERT INTO users (id, user_name, name_key, phone, phone_verified_at, email, email_verified_at, created_at, updated_at)
    SELECT id, name, key, phone, CASE WHEN phone IS NOT NULL THEN time END, email, CASE WHEN email IS NOT NULL THEN time END,
      time, time
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
      AS row (id, name, key, phone, email, time)
    ON CONFLICT DO NOTHING`,
    [column('id'), column('userName'), column('nameKey'), column('phone'), column('email'), column('createdAt')],
  )
  const homes = users.flatMap(({ id, address }) => (address ? [{ ...address, userId: id }] : []))
  await client.query(
    `INSERT INTO addresses (id, user_id, house_number, street_locality, city, state, pincode, country, is_default)
    SELECT row.id, row.user_id, house, street, city, state, pincode, 'IN', true
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
      AS row (id, user_id, house, street, city, state, pincode)
    JOIN users u ON u.id = row.user_id
    ON CONFLICT DO NOTHING`,
    (['id', 'userId', 'houseNumber', 'streetLocality', 'city', 'state', 'pincode'] as const).map((name) =>
      homes.map((home) => home[name]),
    ),
  )
  return Number(rowCount)
}
