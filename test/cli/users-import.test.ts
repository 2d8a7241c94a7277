// `latchkey users import`: what is told, exit codes, files that are none, an export that comes back, and processes that end too early.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { readingLine } from '../../src/cli/progress.js'
import { createTeller } from '../../src/cli/users-import.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { exitCodeOf, isAlive } from '../../src/development/processes.js'
import { startApp, type TestApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { projectDirectory } from '../support/project.js'
import { insertUser, nobody } from '../users/people.js'

const main = join(projectDirectory, '.build', 'src', 'cli', 'main.js')
const exports = join(projectDirectory, 'test', 'users', 'import', 'exports')
const usersOf = ({ database }: TestApp) => database.user.findMany({ orderBy: { id: 'asc' } })

t.test('what is told of an import', async (t) => {
  const service = await startApp(t)
  const environment = { DATABASE_URL: service.config.database.url }
  const file = join(t.testdir({}), 'users.csv')
  writeFileSync(file, readFileSync(join(exports, 'supabase.csv')))
  const run = (...words: string[]) =>
    runCommand(['users', 'import', file, '--map', 'supabase', ...words], { environment })
  const lines = [
    'left out: 2',
    '  deleted  1',
    '  anonymous  1',
    '  email_not_valid  1',
    '  number_type_not_supported  1',
    '  not_csv  1',
    '  no_identifier  1',
    '  columns  1',
    '  country_not_supported  1',
    `Each line that is refused is in ${file}.refused.ndjson`,
  ]
  const tried = await run('--dry-run')
  t.match([tried.code, tried.errors], [1, [/^\[#{24}\] 100 % {2}11 {2}[\d,]+\/s {2}0 s left$/]])
  t.strictSame(tried.output.join('; ').split('; '), [
    'Would be made: 3',
    'there already: 0',
    'refused: 6',
    ...lines,
    'Nothing was changed',
  ])
  t.strictSame(await usersOf(service), [])
  const made = await run('--trust-verified', '--report', `${file}.report`)
  t.strictSame(made.output.join('; ').split('; '), [
    'Made: 3',
    'there already: 0',
    'refused: 6',
    ...lines.slice(0, -1),
    `Each line that is refused is in ${file}.report`,
  ])
  t.equal(readFileSync(`${file}.report`, 'utf8').trimEnd().split('\n').length, 6)
  const again = await runCommand(
    ['users', 'import', join(exports, 'clerk.csv'), '--map', 'clerk', '--json', '--report', `${file}.report`],
    { environment },
  )
  t.match(again, { code: 1, errors: [/100 %/] })
  t.strictSame(JSON.parse(again.output.join('')), {
    dryRun: false,
    made: 0,
    present: 0,
    leftOut: {},
    refused: { phone_taken: 2 },
    admins: 0,
  })
  t.notOk(existsSync(join(exports, 'clerk.csv.ids.ndjson')))
})

t.test('a line of progress for each percent', async (t) => {
  const lines: string[] = []
  const tell = createTeller((line) => lines.push(line))
  for (let read = 0; read <= 1_000; read += 1) tell({ read, size: 1_000, records: read })
  t.equal(lines.length, 100)
  t.match([lines[0], lines[49]], [/^\[·{24}\] 1 % {2}10 /, /^\[#{12}·{12}\] 50 % {2}500 {2}[\d,]+\/s {2}\d+ s left$/])
  t.notMatch(readingLine({ share: 0, records: 0, elapsed: 0 }), /left/)
})

t.test('what cannot be used, and files that are none', async (t) => {
  const service = await startApp(t)
  const folder = t.testdir({})
  const url = service.config.database.url
  const run = async (words: string[], environment = { DATABASE_URL: url }) => {
    const { code, output, errors } = await runCommand(['users', 'import', ...words], { environment })
    t.strictSame(output, [])
    return [code, ...errors]
  }
  const inFolder = (name: string, content?: string) => {
    const path = join(folder, name)
    if (content !== undefined) writeFileSync(path, content)
    return path
  }
  const file = inFolder('users.ndjson', `{"user_id":"auth0|1","email":"asha@example.com"}\n`)
  t.strictSame(await run([file, '--map', 'supabse']), [
    2,
    '--map must be one of supabase, auth0, better-auth, firebase, clerk; did you mean supabase?',
  ])
  t.strictSame(await run([file, '--map', 'okta']), [
    2,
    '--map must be one of supabase, auth0, better-auth, firebase, clerk',
  ])
  for (const other of ['', '.ids.ndjson', '.import.json', '.import.json.new']) {
    t.strictSame(await run([file, '--report', `${file}${other}`]), [
      2,
      '--report must name another file than the one that is read, and those that are written beside it',
    ])
  }
  t.strictSame(await run([inFolder('missing')]), [1, `${folder}/missing is not there`])
  t.match(await run([inFolder('x'.repeat(300))]), [1, /ENAMETOOLONG/])
  mkdirSync(inFolder('folder'))
  execFileSync('mkfifo', [inFolder('pipe')])
  for (const name of ['folder', 'pipe']) {
    t.strictSame(await run([inFolder(name)]), [
      1,
      `${folder}/${name} is no file that can be read twice: a directory, a pipe or a device`,
    ])
  }
  t.strictSame(await run([inFolder('empty', '')]), [1, `${folder}/empty is empty`])
  t.strictSame(await run([file]), [
    1,
    `${file} has no line that looks like latchkey; the first one has user_id, email; it can be read with --map auth0`,
  ])
  t.match(await run([file, '--map', 'auth0'], { DATABASE_URL: `${url}?schema=nothing` }), [
    1,
    /^The database is not migrated to this version: run latchkey migrate/,
  ])
  const other = inFolder('other.txt', 'precious')
  t.strictSame(await run([file, '--map', 'auth0', '--report', other]), [
    1,
    `${other} is there already, and is no report of an import`,
  ])
  t.equal(readFileSync(other, 'utf8'), 'precious')
  t.match(await run([file, '--map', 'auth0', '--report', join(folder, 'none', 'x')]), [1, /^ENOENT.*none/])
  const long = inFolder('y'.repeat(250), readFileSync(file, 'utf8'))
  t.match(await run([long, '--map', 'auth0']), [1, /ENAMETOOLONG/], 'no room for the names of the files beside it')
  writeFileSync(`${file}.import.json`, '{"run":"another"}')
  t.match(await run([file, '--map', 'auth0']), [1, /^.+ is of an import of another file, .*; --restart begins again$/])
})

t.test('that the same command goes on is told where it does', async (t) => {
  const service = await startApp(t)
  const { database, config } = service
  const file = join(t.testdir({}), 'users.ndjson')
  const line = (index: number) => JSON.stringify({ localId: `user-${index}`, email: `person${index}@example.com` })
  writeFileSync(file, Array.from({ length: 4_001 }, (_, index) => `${line(index)}\n`).join(''))
  const errorsOf = async (...words: string[]) => {
    const environment = { DATABASE_URL: config.database.url }
    const { errors } = await runCommand(['users', 'import', file, '--map', 'firebase', ...words], { environment })
    return errors.filter((told) => !told.startsWith('['))
  }
  const failure = /violates check constraint "nobody"/
  const forbid = (index: number) =>
    database.$executeRawUnsafe(
      `ALTER TABLE users ADD CONSTRAINT nobody CHECK (email <> 'person${index}@example.com') NOT VALID`,
    )
  await forbid(2_500)
  t.match(await errorsOf('--dry-run'), [failure], 'a trial leaves nothing to go on from')
  t.match(await errorsOf(), ['What is done stays done: the same command goes on after it', failure])
  t.equal(await database.user.count(), 2_000)
  t.match(await errorsOf('--dry-run', '--restart'), [failure])
  t.ok(existsSync(`${file}.import.json`), 'nor does it forget what is done')
  t.match(await errorsOf('--restart'), [
    'What is done stays done: the same command goes on after it, without --restart',
    failure,
  ])
  const content = readFileSync(file, 'utf8')
  writeFileSync(file, content.replace('person0@', 'somebody@'))
  t.match(await errorsOf(), [/is of an import of another file, with other options or/], 'the file was changed')
  writeFileSync(file, content)
  t.match(await errorsOf('--trust-verified'), [/is of an import of another file, with other options or/])
  await database.$executeRaw`ALTER TABLE users DROP CONSTRAINT nobody`
  t.strictSame(await errorsOf(), [])
  t.equal(await database.user.count(), 4_001)
})

t.test('an export of our own comes back as it was, but for the rights of admins', async (t) => {
  const [from, to] = [await startApp(t), await startApp(t)]
  const run = (service: TestApp, ...words: string[]) =>
    runCommand(words, { environment: { DATABASE_URL: service.config.database.url, NODE_ENV: 'test' } })
  const file = join(t.testdir({}), 'users.ndjson')
  await run(from, 'seed', '--users', '300')
  const at = (second: number) => new Date(1.7e12 + second * 1000)
  await insertUser(from, nobody, 'Élodie Brûlé', {
    email: 'elodie@example.com',
    emailVerifiedAt: at(1),
    phone: '+919876543210',
    role: 'ADMIN',
    locale: 'pt-BR',
    publicMetadata: { plan: 'pro' },
    disabledAt: at(2),
    phoneUsedAt: at(3),
    emailUsedAt: at(4),
    createdAt: at(0),
    updatedAt: at(5),
  })
  await run(from, 'users', 'export', '--output', file)
  const { code, output } = await run(to, 'users', 'import', file, '--trust-verified')
  t.strictSame(
    [code, ...output],
    [
      0,
      'Made: 301; there already: 0; refused: 0; left out: 0',
      'Admins of the export, who are none here: 1. latchkey admin grant makes them',
    ],
  )
  // When something that nobody has was used is nothing.
  const shown = async (service: TestApp) =>
    (await usersOf(service)).map(({ role, phoneUsedAt, emailUsedAt, ...user }) => ({
      ...user,
      phoneUsedAt: user.phone && phoneUsedAt,
      emailUsedAt: user.email && emailUsedAt,
    }))
  t.match(
    await usersOf(to),
    Array.from({ length: 301 }, () => ({ role: 'USER' })),
  )
  t.strictSame(await shown(to), await shown(from))
})

t.test('a process that is interrupted, and one that is killed', async (t) => {
  const [whole, service] = [await startApp(t), await startApp(t)]
  const folder = t.testdir({})
  const file = join(folder, 'users.ndjson')
  const line = (index: number) => ({
    localId: `user-${index}`,
    email: `person${index % 9_000}@example.com`,
    createdAt: String(1.6e12 + index),
  })
  writeFileSync(file, Array.from({ length: 10_000 }, (_, index) => `${JSON.stringify(line(index))}\n`).join(''))
  const words = ['users', 'import', file, '--map', 'firebase']
  const inOne = await runCommand(words, { environment: { DATABASE_URL: whole.config.database.url } })
  t.match(inOne, { code: 1, output: ['Made: 9,000; there already: 0; refused: 1,000; left out: 0'] })
  const report = () => ['refused', 'ids'].map((name) => readFileSync(`${file}.${name}.ndjson`, 'utf8'))
  const expected = report()

  const url = service.config.database.url
  /** Starts one, which waits in the batch of a line, and does something to it then; returns its exit code and its last line. */
  async function startAndWait(waitsAt: number, act: (pid: number, told: () => Promise<unknown>) => unknown) {
    return withConnection(url, async (client) => {
      await client.query('BEGIN')
      await client.query(`INSERT INTO users (id, email) VALUES (gen_random_uuid(), '${line(waitsAt).email}')`)
      const { NODE_V8_COVERAGE, PATH } = process.env
      const env = { PATH, DATABASE_URL: url, ...(NODE_V8_COVERAGE && { NODE_V8_COVERAGE }) }
      const child = spawn(process.execPath, [main, ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
      const [output, code] = [text(child.stdout), exitCodeOf(child)]
      const errors: string[] = []
      const reader = createInterface({ input: child.stderr }).on('line', (told) => errors.push(told))
      const isThere = (told: string) => Number(/(\d+),000 {2}/.exec(told)?.[1]) * 1_000 >= waitsAt - 2_000
      while (!errors.some(isThere)) await once(reader, 'line')
      await act(Number(child.pid), () => once(reader, 'line'))
      await client.query('ROLLBACK')
      return [await code, await output, ...errors.slice(-2)]
    })
  }
  const interrupted = await startAndWait(3_000, (pid) => process.kill(pid, 'SIGINT'))
  t.match(interrupted, [1, '', /^What is done stays done: the same command/, /^Stopped before line \d+$/])
  const made = await service.database.user.count()
  t.ok(made >= 4_000 && made < 9_000, `${made} before`)
  const impatient = await startAndWait(6_500, async (pid, told) => {
    process.kill(pid, 'SIGINT')
    await told()
    process.kill(pid, 'SIGINT')
    while (isAlive(pid)) await setTimeout(10)
  })
  t.match(impatient.at(-1), /^Stops after this batch; Ctrl-C again/, 'ended while its batch waits for a lock')
  const killed = await startAndWait(8_500, (pid) => process.kill(pid, 'SIGKILL'))
  t.not(killed[0], 0)
  t.ok((await service.database.user.count()) < 9_000)
  const resumed = await runCommand(words, { environment: { DATABASE_URL: url } })
  t.strictSame([resumed.code, resumed.output], [inOne.code, inOne.output])
  t.strictSame(report(), expected)
  t.strictSame(await usersOf(service), await usersOf(whole))
})
