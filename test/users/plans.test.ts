// How PostgreSQL answers what is asked about users: by the intended index, for tables too large to read.
import t, { type Test } from 'tap'
import { withConnection } from '../../src/development/postgres-query.js'
import { findApiKeyStatement } from '../../src/sessions/api-keys.js'
import { listSessionsStatement, readSessionsText } from '../../src/sessions/statements.js'
import { lockKeyStatement, lockSessionStatement, lockUsersStatement } from '../../src/users/acting.js'
import { addressesOfUser } from '../../src/users/address.js'
import { adminsStatement } from '../../src/users/administration.js'
import { sorts } from '../../src/users/list.js'
import { breadthStatement, type Prefixes, pageStatement, searchStatement } from '../../src/users/list-statements.js'
import { lockCodes, lockLimits, lockOwnCodes } from '../../src/users/locks.js'
import { createTestDatabase } from '../support/database.js'
import { nobody } from './people.js'

type Statement = Readonly<{ text: string; values: unknown[] }>
type Plan = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Plan[] }

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

t.test('plans on 50,000 users', async (t) => {
  const { url } = await createTestDatabase()
  await withConnection(url, async (client) => {
    await client.query(`
      INSERT INTO users (id, user_name, name_key, phone, email, created_at)
      SELECT gen_random_uuid(), 'Name ' || n, substr(md5(n::text), 1, 8), '+91' || (9000000000 + n),
        CASE WHEN n % 2 = 0 THEN md5(n::text) || '@example.com' END, now() - make_interval(secs => n)
      FROM generate_series(1, 50000) n`)
    await client.query(`UPDATE users SET role = 'ADMIN' WHERE phone IN ('+919000000001', '+919000000002')`)
    await client.query(`
      INSERT INTO sessions (id, user_id, expires_at) SELECT gen_random_uuid(), id, now() + interval '1 day' FROM users`)
    await client.query(`INSERT INTO addresses (id, user_id, house_number, street_locality, city, state, pincode, country)
      SELECT gen_random_uuid(), id, '1', 'x', 'x', 'x', '560001', 'IN' FROM users LIMIT 20000`)
    await client.query(`
      INSERT INTO otps (identifier, purpose, code_id, expires_at, resend_at, hour_started_at, day_started_at)
      SELECT phone, 'step_up', id, now(), now(), now(), now() FROM users`)
    await client.query(`
      INSERT INTO identifier_limits (identifier, hour_started_at, hour_sends, day_started_at, day_sends)
      SELECT phone, now(), 1, now(), 1 FROM users`)
    await client.query(`
      INSERT INTO api_keys (id, name, token_hash, beginning, scopes, expires_at)
      SELECT gen_random_uuid(), 'x', sha256(n::text::bytea), 'lk_1234', '{users:read}', now() + interval '1 day'
      FROM generate_series(1, 2000) n`)
    await client.query('VACUUM ANALYZE')

    /** The nodes of the plan for a statement whose values are known, and of the one that is kept for all values. */
    async function plansOf({ text, values }: Statement): Promise<Plan[]> {
      const nodes: Plan[] = []
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        await client.query(`SET plan_cache_mode = ${mode}`)
        const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${text}`, [...values])
        nodes.push(...nodesOf(rows[0]['QUERY PLAN'][0].Plan))
      }
      return nodes
    }

    async function holds(t: Test, name: string, statement: Statement, ...indexes: string[]) {
      const nodes = await plansOf(statement)
      const read = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])
      t.strictSame(read, [], `${name}: no table is read whole`)
      const used = new Set(nodes.map((node) => node['Index Name']))
      for (const index of indexes) t.ok(used.has(index), `${name}: ${index}`)
    }

    const place = { id: nobody, key: '' }
    const orderOf = (sort: string) => (sort.endsWith('name') ? 'users_name_key_id_idx' : 'users_created_at_id_idx')
    const searches: Record<string, Prefixes> = {
      users_name_key_id_idx: { names: ['abc'], phones: [], emails: [] },
      users_phone_key: { names: [], phones: ['+919000012', '+9112'], emails: [] },
      users_email_key: { names: [], phones: [], emails: ['abc'] },
    }
    for (const sort of sorts) {
      const after = { ...place, key: sort.endsWith('name') ? 'm' : '2026-01-01T00:00:00.000Z' }
      await holds(
        t,
        `${sort}, first page`,
        pageStatement({ sort, after: null, most: 21, hidesAdmins: false }),
        orderOf(sort),
      )
      await holds(t, `${sort}, later page`, pageStatement({ sort, after, most: 21, hidesAdmins: true }), orderOf(sort))
      for (const [index, prefixes] of Object.entries(searches)) {
        const page = { sort, after, most: 21, hidesAdmins: true }
        await holds(t, `${sort}, search`, searchStatement(page, prefixes, [false, false]), index)
        await holds(t, 'breadth', breadthStatement(prefixes), index)
      }
      const broad = { names: ['a'], phones: ['+919'], emails: ['a'] }
      await holds(
        t,
        `${sort}, broad search`,
        searchStatement({ sort, after, most: 21, hidesAdmins: false }, broad, [true, true, true]),
      )
    }
    await holds(t, 'admins', adminsStatement, 'users_admins_idx')
    await holds(t, 'lock two', lockUsersStatement([nobody, nobody], false), 'users_pkey')
    await holds(t, 'lock with admins', lockUsersStatement([nobody], true), 'users_pkey', 'users_admins_idx')
    await holds(t, 'an API key', findApiKeyStatement(new Uint8Array(32)), 'api_keys_token_hash_key')
    await holds(t, 'lock a key', lockKeyStatement(nobody), 'api_keys_pkey')
    await holds(t, 'lock own codes', lockOwnCodes(nobody), 'users_pkey', 'otps_pkey')
    await holds(t, 'lock codes', lockCodes(nobody), 'users_pkey', 'otps_pkey')
    await holds(t, 'lock limits', lockLimits(nobody), 'users_pkey', 'identifier_limits_pkey')
    const actor = { userId: nobody, sessionId: nobody }
    await holds(t, 'lock a session', lockSessionStatement(actor), 'sessions_pkey')
    const limits = { timeToLive: 60, longest: 600 }
    const session = { text: readSessionsText(limits, addressesOfUser), values: [[nobody], [nobody]] }
    await holds(t, 'session', session, 'users_pkey')
    await client.query(`
      INSERT INTO sessions (id, user_id, expires_at, created_at)
      SELECT gen_random_uuid(), (SELECT id FROM users LIMIT 1), now() + interval '1 day', now() - make_interval(secs => n)
      FROM generate_series(1, 5000) n`)
    await client.query(`
      INSERT INTO devices (id, user_id, token_hash, expires_at) SELECT id, id, sha256(id::text::bytea), now() FROM users`)
    await client.query('VACUUM ANALYZE sessions, devices')
    const listed = listSessionsStatement(nobody, limits)
    await holds(t, 'sessions', listed, 'sessions_user_id_created_at_id_idx')
    t.notOk(
      (await plansOf(listed)).some((node) => node['Node Type'].includes('Sort')),
      'sessions: in the order of the index',
    )
  })
})

t.test('a session is found by its key also where its table was empty when the plan was made', async (t) => {
  const { url } = await createTestDatabase()
  await withConnection(url, async (client) => {
    await client.query('ANALYZE')
    await client.query('SET enable_seqscan = off')
    await client.query('SET plan_cache_mode = force_generic_plan')
    const text = readSessionsText({ timeToLive: 60, longest: 600 })
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${text}`, [[nobody], [nobody]])
    const scan = nodesOf(rows[0]['QUERY PLAN'][0].Plan).find((node) => node['Relation Name'] === 'sessions')
    t.match(
      scan,
      { 'Index Name': /^sessions_(pkey|user_id_)/, 'Index Cond': /(id|user_id) = unnest\./ },
      'by id or by user',
    )
    await client.query('SET plan_cache_mode = auto')
    for (let i = 0; i < 10; i++) await client.query({ name: 'session', text, values: [[nobody], [nobody]] })
    const plans = await client.query(
      `SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'session'`,
    )
    t.strictSame(
      plans.rows,
      [{ generic_plans: '5', custom_plans: '5' }],
      'and after the five that PostgreSQL tries, a lone one is planned no more',
    )
  })
})
