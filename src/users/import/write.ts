// Writes users who move in, a batch of them in one transaction; or tries how that would go.
import type { Client } from 'pg'
import type { AuthEventName } from '../../audit/events.js'
import type { NewUser } from './check.js'

/** A user who is there: one that was made, or who stands in the way of a new one. */
export type Standing = Readonly<{ id: string; phone: string | null; email: string | null }>

/** What became of a batch: who was made, and who of those that are there has the id, phone or email of one of the others. */
export type Written = Readonly<{ made: readonly Standing[]; standing: readonly Standing[] }>

export type ImportEvent = Readonly<{ event: AuthEventName; detail: string }>

/**
 * Writes a batch, or none of it.
 * @param beforeCommit is called with what the commit will make true, and says what stands in the trail of it
 */
export type WriteBatch = (
  users: readonly NewUser[],
  beforeCommit: (written: Written, transactionId: string) => Promise<readonly ImportEvent[]>,
) => Promise<void>

const types = {
  id: 'uuid',
  userName: 'text',
  nameKey: 'text',
  phone: 'text',
  phoneVerifiedAt: 'timestamptz',
  phoneUsedAt: 'timestamptz',
  email: 'text',
  emailVerifiedAt: 'timestamptz',
  emailUsedAt: 'timestamptz',
  locale: 'text',
  publicMetadata: 'jsonb',
  disabledAt: 'timestamptz',
  createdAt: 'timestamptz',
  updatedAt: 'timestamptz',
} as const satisfies Readonly<Record<keyof NewUser, string>>

const names = Object.keys(types) as (keyof NewUser)[]
const columns = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)).join(', ')
const arrays = names.map((name, index) => `$${index + 1}::${types[name]}[]`).join(', ')
const rows = `unnest(${arrays}) WITH ORDINALITY AS row (${columns}, place)`

/**
 * Past Prisma: `createManyAndReturn` of 2,000 users took 255 to 292 µs of this process for each and made 3,000 to 4,000 a second, this
 * statement 7 µs and 34,000 to 46,000 (docs/decisions/0023). Of two users of one statement the first one counts.
 */
const insertStatement = `INSERT INTO users (${columns}) SELECT ${columns} FROM ${rows} ORDER BY place
  ON CONFLICT DO NOTHING RETURNING id, phone, email`

const findIn = (table: string) => `
  SELECT id, phone, email FROM ${table} WHERE id = ANY($1::uuid[])
  UNION SELECT id, phone, email FROM ${table} WHERE phone = ANY($2::text[])
  UNION SELECT id, phone, email FROM ${table} WHERE email = ANY($3::text[])`

/** Where a trial writes: a table that no other session sees, and that is gone with its transaction. */
const trialTable = `
  CREATE TEMPORARY TABLE trial_of_users (LIKE users INCLUDING DEFAULTS INCLUDING CONSTRAINTS) ON COMMIT DROP;
  CREATE UNIQUE INDEX ON trial_of_users (id);
  CREATE UNIQUE INDEX ON trial_of_users (phone);
  CREATE UNIQUE INDEX ON trial_of_users (email)`

const trialStatement = `
  INSERT INTO trial_of_users (${columns}) SELECT ${columns} FROM ${rows}
  WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = row.id) AND NOT EXISTS (SELECT FROM users u WHERE u.phone = row.phone)
    AND NOT EXISTS (SELECT FROM users u WHERE u.email = row.email)
  ORDER BY place ON CONFLICT DO NOTHING RETURNING id, phone, email`

/** Where users are written: by which statement, and in which tables others may stand in their way. */
type Target = Readonly<{ statement: string; tables: readonly string[] }>

async function insert(client: Client, users: readonly NewUser[], { statement, tables }: Target): Promise<Written> {
  const made: Standing[] = []
  let left = users
  for (;;) {
    const { rows } = await client.query<Standing>(
      statement,
      names.map((name) => left.map((user) => user[name])),
    )
    made.push(...rows)
    if (made.length === users.length) return { made, standing: [] }
    const keys = [users.map(({ id }) => id), users.map(({ phone }) => phone), users.map(({ email }) => email)]
    const { rows: standing } = await client.query<Standing>(tables.map(findIn).join(' UNION '), keys)
    // Whoever stood in somebody's way may have been deleted in between.
    left = withoutObstacle(users, standing)
    if (left.length === 0) return { made, standing }
  }
}

/** Those of whom nobody who is there has anything: neither they themselves nor others. */
function withoutObstacle(users: readonly NewUser[], standing: readonly Standing[]): NewUser[] {
  const taken = new Set(standing.flatMap(({ id, phone, email }) => [id, phone, email]))
  // No id is a phone or an email.
  return users.filter(
    ({ id, phone, email }) =>
      !taken.has(id) && (phone === null || !taken.has(phone)) && (email === null || !taken.has(email)),
  )
}

/**
 * Writes into `users`, each batch in a transaction of its own.
 * @param tellsEvents whether each user is an event for the product's own systems (docs/events.md): else they know them already
 */
export function createWriter(client: Client, tellsEvents: boolean): WriteBatch {
  return async (users, beforeCommit) => {
    await client.query('BEGIN')
    try {
      const tells = tellsEvents ? 'on' : 'off'
      await client.query(`SELECT set_config('latchkey.tells_of_new_users', $1, true)`, [tells])
      const written = await insert(client, users, { statement: insertStatement, tables: ['users'] })
      const { rows } = await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')
      for (const { event, detail } of await beforeCommit(written, String(rows[0]?.id))) {
        await client.query('INSERT INTO auth_events (event, detail) VALUES ($1, $2)', [event, detail])
      }
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error
    }
  }
}

/** Finds out what would become of each batch, all in one transaction that ends with the connection and changes nothing. */
export async function createTrial(client: Client): Promise<WriteBatch> {
  await client.query('BEGIN')
  await client.query(trialTable)
  return async (users, beforeCommit) => {
    const tables = ['users', 'trial_of_users']
    await beforeCommit(await insert(client, users, { statement: trialStatement, tables }), '')
  }
}
