// `latchkey users`: who is found, what is shown of whom, what is done and written down, and an export of any size.
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import t from 'tap'
import { writeUsers } from '../../src/cli/users-export.js'
import { passkeySettings, register, signIn } from '../passkeys/passkey-people.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { insertUser, join, nobody, verify } from '../users/people.js'

const ravi = '01890000-0000-7000-8000-00000000000a'

t.test('somebody is found, and helped', async (t) => {
  const service = await startApp(t)
  const { database, config } = service
  const environment = { DATABASE_URL: config.database.url }
  const run = (...words: string[]) => runCommand(['users', ...words], { environment })
  const json = async (...words: string[]) => JSON.parse((await run(...words, '--json')).output.join('\n'))
  t.strictSame(await run('list'), { code: 0, output: ['There is nobody'], errors: [] })
  const asha = await join(service, '+919876543210')
  await insertUser(service, ravi, 'Ravi Rao', { email: 'ravi@example.com', role: 'ADMIN', disabledAt: new Date(0) })

  t.strictSame(await run('list'), {
    code: 0,
    output: [`${ravi}  r***@example.com  Ravi Rao  (admin)  (disabled)`, `${asha.id}  +91******3210`],
    errors: [],
  })
  const page = await run('list', '--limit', '1')
  t.match(page.output.at(-1), /^More: --cursor \S+$/)
  const { users, nextCursor } = await json('list', '--limit', '1')
  t.match(users, [{ id: ravi, email: 'r***@example.com' }])
  t.equal((await json('list', '--limit', '1', '--cursor', nextCursor)).nextCursor, null)
  t.match(await json('list', '--search', 'rav'), { users: [{ id: ravi, name: 'Ravi Rao', email: 'r***@example.com' }] })
  t.match(await run('list', '--cursor', 'x'), { code: 2, errors: [/cursor must be the next_cursor/] })
  t.match(await run('list', '--limit', '1001'), {
    code: 2,
    errors: [/^--limit must be a whole number from 1 to 1000$/],
  })

  for (const whom of [asha.id, asha.id.toUpperCase(), '+919876543210', '+91 98765 43210']) {
    const { code, output } = await run('show', whom)
    t.equal(code, 0, whom)
    t.match(output, [`id        ${asha.id}`, /^phone {5}\+919876543210 {2}\(proved .*Z\)$/, 'role      USER'])
    t.match(output.join('\n'), /\nsessions {2}1\n {2}.*Z .*\nevents .*\n(.*\n)* {2}.*Z {2}authn_login_success/)
  }
  const shown = await json('show', 'Ravi@Example.com')
  t.match(shown, { user: { id: ravi, email: 'ravi@example.com', emailVerifiedAt: null }, sessions: [], events: [] })
  t.match((await run('show', ravi)).output, [
    `id        ${ravi}`,
    'name      Ravi Rao',
    /\(not proved\)$/,
    /ADMIN/,
    /^disabled/,
  ])
  await database.session.createMany({
    data: Array.from({ length: 20 }, () => ({ id: crypto.randomUUID(), userId: ravi, expiresAt: new Date(2e12) })),
  })
  t.match((await run('show', ravi)).output.join('\n'), /\nsessions {2}20 or more\n/)
  t.match(await run('show', nobody), { code: 1, errors: [`Nobody has the id ${nobody}`] })
  t.match(await run('show', 'nobody@example.com'), { code: 1, errors: ['Nobody has nobody@example.com'] })
  t.match(await run('show', '12345'), { code: 2, errors: [/^phone must be a valid number in E\.164/] })

  const detailOf = async (event: string) => {
    const found = await database.authEvent.findFirst({ where: { event }, orderBy: { id: 'desc' } })
    return { detail: found?.detail, actorId: found?.actorId, network: found?.network }
  }
  const fromHere = { actorId: null, network: null }
  t.strictSame((await run('disable', asha.id, '--reason', 'ticket 17')).output, [
    `${asha.id} is disabled, and signed out everywhere`,
  ])
  t.strictSame(await detailOf('user_updated'), { detail: 'disabled true; ticket 17', ...fromHere })
  t.equal((await asha.get('/users/me')).status, 401)
  t.strictSame(await json('enable', '+919876543210'), { id: asha.id, disabled: false })
  t.strictSame(await detailOf('user_updated'), { detail: 'disabled false', ...fromHere })
  t.strictSame((await run('enable', asha.id)).output, [`${asha.id} may sign in again`])
  const again = await join(service, '+919876543210')
  t.strictSame(await json('sign-out', again.id), { id: again.id, sessions: 1 })
  t.strictSame((await run('sign-out', again.id, '--reason', 'lost')).output, [
    `${again.id} is signed out; sessions ended: 0`,
  ])
  t.strictSame(await detailOf('session_logout'), { detail: 'all: 0; lost', ...fromHere })
  for (const reason of ['x'.repeat(161), ' ', 'two\nlines', 'turned \u202e']) {
    t.match(await run('disable', asha.id, '--reason', reason), {
      code: 2,
      errors: ['--reason must be 1 to 160 characters on one line'],
    })
  }
  t.equal((await run('enable', ravi)).code, 0)
  t.match(await run('disable', ravi), { code: 1, errors: ['Somebody has to stay admin'] })

  t.match(await run('delete', asha.id), { code: 2, errors: [/^Nothing was deleted: there is no terminal.*--yes$/] })
  const questions: string[] = []
  const answering = (answer: string) =>
    runCommand(['users', 'delete', '+919876543210'], {
      environment,
      ask: async (question) => {
        questions.push(question)
        return answer
      },
    })
  for (const answer of ['', 'n', 'yesterday'])
    t.match(await answering(answer), { code: 1, errors: ['Nothing was deleted'] })
  t.equal(questions[0], `Delete +919876543210 (user ${asha.id}) for good? [y/N] `)
  t.equal(await database.user.count(), 2)
  t.strictSame(await answering('y'), { code: 0, output: [`${asha.id} is deleted`], errors: [] })
  await insertUser(service, nobody, null, { phone: '+919876543211' })
  t.strictSame(await json('delete', nobody, '--yes', '--reason', 'asked for'), { id: nobody, deleted: true })
  t.strictSame(await detailOf('user_deleted'), { detail: 'asked for', ...fromHere })
  t.equal(await database.user.count(), 1)
})

t.test('a stranger who has added a passkey is cut off', async (t) => {
  const service = await startApp(t, { settings: passkeySettings })
  const environment = { DATABASE_URL: service.config.database.url }
  const run = (...words: string[]) => runCommand(['users', ...words], { environment })
  const [asha, ravi] = [await join(service, 'asha@example.com'), await join(service, 'ravi@example.com')]
  const [{ authenticator }, other] = [await register(asha), await register(ravi)]
  for (const change of ['disable', 'enable']) t.equal((await run(change, asha.id)).code, 0)
  t.equal((await signIn(service, authenticator)).status, 200, 'who is let in again has their passkeys')
  t.strictSame(await run('sign-out', asha.id, '--passkeys', '--reason', 'Stolen'), {
    code: 0,
    output: [`${asha.id} is signed out; sessions ended: 1, passkeys removed: 1, no device is known any more`],
    errors: [],
  })
  t.equal((await signIn(service, authenticator)).status, 401)
  t.equal((await signIn(service, other.authenticator)).status, 200, 'of nobody else')
  const { database } = service
  t.equal(await database.device.count({ where: { userId: asha.id } }), 0)
  const events = await database.authEvent.findMany({
    where: { userId: asha.id, detail: { contains: 'Stolen' } },
    orderBy: { id: 'asc' },
  })
  t.match(events, [
    { event: 'session_logout', detail: 'all: 1, and devices; Stolen' },
    { event: 'user_updated', detail: 'passkeys removed: 1; Stolen' },
  ])
  t.equal((await verify(service, 'asha@example.com')).body.isNewUser, false, 'its owner comes in by a code')
  t.match(await run('sign-out', nobody, '--passkeys'), { code: 1 })
})

t.test('what a terminal would obey is shown as it is written', async (t) => {
  const service = await startApp(t)
  const environment = { DATABASE_URL: service.config.database.url, NODE_ENV: 'test' }
  const [csi, turned, joiner] = ['\u009b', '\u202e', '\u200d']
  await insertUser(service, ravi, `${csi}31m${turned}Ravi${joiner}\x1b`, {
    email: 'ravi@example.com',
    publicMetadata: { [csi]: `${turned}${joiner}` },
  })
  const run = (...words: string[]) => runCommand(['users', ...words], { environment })
  const shown = '\\u009b31m\\u202eRavi'
  t.strictSame((await run('list')).output, [`${ravi}  r***@example.com  ${shown}${joiner}\\u001b`])
  t.equal((await run('show', ravi)).output[1], `name      ${shown}${joiner}\\u001b`)
  const json = (await run('show', ravi, '--json')).output.join('\n')
  t.match(json, `${shown}\\u200d\\u001b`)
  t.match(json, '{\n      "\\u009b": "\\u202e\\u200d"\n    }')
  t.match(JSON.parse(json), { user: { userName: `${csi}31m${turned}Ravi${joiner}\x1b` } }, 'which says the same')
  const pages: string[] = []
  await writeUsers(service.database, async (text) => pages.push(text))
  t.match(pages.join(''), '"publicMetadata":{"\\u009b":"\\u202e\\u200d"}')
  const refused = await run('show', `${csi}@${turned}`)
  t.match(refused, { code: 2 })
  t.notMatch(refused.errors.join('\n'), /[\p{Cc}\u202e]/u)
})

t.test('everybody, as lines of JSON', async (t) => {
  const { database, config } = await startApp(t)
  const environment = { DATABASE_URL: config.database.url, NODE_ENV: 'test' }
  const folder = t.testdir({})
  const file = joinPath(folder, 'users.ndjson')
  const run = (...words: string[]) => runCommand(['users', 'export', ...words], { environment })
  await runCommand(['seed', '--users', '2500'], { environment })
  t.strictSame(await run('--output', file), { code: 0, output: [], errors: [`wrote 2,500 users to ${file}`] })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const users = lines.map((line) => JSON.parse(line))
  t.strictSame([users.length, new Set(users.map(({ id }) => id)).size], [2500, 2500])
  t.ok(users.every(({ phone, email }) => phone ?? email))
  t.notMatch(lines.join('\n'), '*')
  t.strictSame(await run('--output', file), {
    code: 1,
    output: [],
    errors: [`${file} is there already; --force replaces it`],
  })
  await database.user.deleteMany({ where: { id: { not: users[0].id } } })
  const reader = openSync(file, 'r')
  t.teardown(() => closeSync(reader))
  chmodSync(file, 0o644)
  t.match(await run('--output', file, '--force'), { code: 0, errors: [/^wrote 1 user /] })
  t.equal(readFileSync(reader, 'utf8').split('\n').length, 2501, 'who has the old one open sees nothing of the new one')
  t.equal(statSync(file).mode & 0o777, 0o600, 'also where others could read the old one')
  t.strictSame(readdirSync(folder), ['users.ndjson'], 'nothing is left beside it')

  const pages: string[] = []
  await runCommand(['seed', '--users', '7', '--force', '--seed', '2'], { environment })
  t.equal(await writeUsers(database, async (text) => pages.push(text), 4), 8)
  t.strictSame(
    pages.map((page) => page.trimEnd().split('\n').length),
    [4, 4],
    'a page at a time, and none for nobody',
  )

  const written: string[] = []
  let isFull = true
  const intercepted = t.intercept(process.stdout, 'write', {
    value: (text: string) => {
      written.push(text)
      if (isFull) setImmediate(() => process.stdout.emit('drain'))
      isFull = !isFull
      return isFull
    },
  })
  t.equal((await run()).code, 0)
  await database.user.deleteMany({})
  t.equal((await run()).code, 0)
  intercepted.restore()
  const people = written
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('{"id"'))
  t.equal(people.length, 8)
})
