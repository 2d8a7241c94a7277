// `latchkey api-keys`: what is printed, what is stored, and the exit codes.
import t from 'tap'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'

t.test('api-keys', async (t) => {
  const service = await startApp(t)
  const environment = { DATABASE_URL: service.config.database.url }
  const run = (...words: string[]) => runCommand(['api-keys', ...words], { environment })
  t.strictSame(await run('list'), { code: 0, output: ['There is no API key'], errors: [] })

  const made = await run('create', '--name', ' Orders ', '--scopes', 'sessions:write, users:read', '--days', '2')
  t.match(made, { code: 0, output: [/^lk_[\w-]{43}$/, /^.{36} {2}Orders, until .*Z; shown this once$/] })
  const [key = ''] = made.output
  const row = await service.database.apiKey.findFirstOrThrow()
  t.match(row, { name: 'Orders', scopes: ['users:read', 'sessions:write'], createdBy: null })
  t.equal(Math.round((Number(row.expiresAt) - Number(row.createdAt)) / 86_400_000), 2)
  t.match(await service.database.authEvent.findFirst(), { event: 'authn_token_created', actorId: null, network: null })
  t.match((await run('list')).output, [
    `${row.id}  ${key.slice(0, 7)}…  Orders  users:read,sessions:write  until ${row.expiresAt.toISOString()}  never used`,
  ])
  const headers = { authorization: `Bearer ${key}` }
  t.equal((await service.get('/users', { headers })).status, 200)
  t.match((await run('list')).output, [/ {2}used \S+Z$/])

  const second = JSON.parse((await run('create', '--name', 'x', '--scopes', 'events:read', '--json')).output.join(''))
  t.match(second, { id: String, key: /^lk_/, scopes: ['events:read'], tokenHash: undefined })
  const page = await run('list', '--limit', '1')
  t.match(page.output, [new RegExp(`^${second.id}`), `More: --cursor ${second.id}`])
  t.match((await run('list', '--cursor', second.id)).output, [new RegExp(`^${row.id}`)])

  const revoked = { code: 0, output: [`${row.id} opens nothing any more`], errors: [] }
  t.strictSame(await run('revoke', row.id.toUpperCase()), revoked)
  t.strictSame(await run('revoke', row.id), { code: 1, output: [], errors: [`There is no API key ${row.id}`] })
  t.equal((await service.get('/users', { headers })).status, 401)
  await service.database.$executeRaw`DROP TABLE api_keys`
  t.match(await run('revoke', row.id), { code: 1, output: [], errors: [/api_keys/] })
})

t.test('what cannot be used is said, and does nothing', async (t) => {
  const environment = { DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
  const run = (...words: string[]) => runCommand(['api-keys', ...words], { environment })
  const create = (...words: string[]) => run('create', '--name', 'x', ...words)
  const named = '--scopes must be some of users:read,users:write,sessions:read,sessions:write,events:read, each once'
  for (const scopes of [[], ['--scopes', 'users'], ['--scopes', 'users:read,users:read'], ['--scopes', 'users:read,']])
    t.strictSame(await create(...scopes), { code: 2, output: [], errors: [named] }, scopes.join(' '))
  for (const name of [[], ['--name', ' '], ['--name', 'two\nlines'], ['--name', 'x'.repeat(201)]])
    t.match(await run('create', '--scopes', 'users:read', ...name), { code: 2, errors: [/^--name must be/] })
  t.match(await create('--scopes', 'users:read', '--days', '731'), { code: 2, errors: [/^--days must be/] })
  t.match(await run('revoke', 'x'), { code: 2, errors: ['ID must be the id of an API key'] })
  t.match(await run('list', '--cursor', 'x'), { code: 2, errors: ['--cursor must be the id of an API key'] })
  t.match(await run('revoke', '01890000-0000-7000-8000-000000000000'), { code: 1, errors: [String] })
})
