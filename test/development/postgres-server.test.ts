// The embedded server: what it keeps from start to start, and how it comes back after every kind of crash.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { serverAccount } from '../../src/development/postgres-account.js'
import { dataFolder } from '../../src/development/postgres-place.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startPostgresServer } from '../../src/development/postgres-server.js'

const starter = fileURLToPath(new URL('start-and-wait.js', import.meta.url))
const projectDirectory = join(t.testdir({ 'a project': {} }), 'a project')
const name = 'kept'
const settings = { fsync: 'off' }

const folder = await dataFolder(projectDirectory, await serverAccount())
const start = () => startPostgresServer({ projectDirectory, name, settings })
const query = (url: string, sql: string) => withConnection(url, async (client) => (await client.query(sql)).rows)
const isServing = (url: string) =>
  query(url, 'SELECT 1').then(
    () => true,
    () => false,
  )

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function startInOtherProcess(t: Test): Promise<{ child: ChildProcess; adminUrl: string }> {
  const child = fork(starter, [projectDirectory, name])
  t.teardown(() => child.kill('SIGKILL'))
  for (;;) {
    const [message] = (await once(child, 'message')) as [{ adminUrl?: string }]
    if (message.adminUrl !== undefined) return { child, adminUrl: message.adminUrl }
  }
}

async function serverPid(dataDirectory: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8'), 10)
}

t.test('an initdb that was killed halfway is done again', async (t) => {
  const child = fork(starter, [projectDirectory, name])
  const isUnderWay = (path: string) => path.startsWith('kept.unfinished-') && path.endsWith('postgresql.conf')
  while (!(await readdir(folder, { recursive: true })).some(isUnderWay)) await sleep(5)
  await kill(child)
  t.notOk((await readdir(folder)).includes(name), 'what it leaves is no data directory')

  const server = await start()
  t.teardown(server.stop)
  t.equal(await isServing(server.adminUrl), true)
  t.equal(server.reused, false)
})

t.test('a later start has the same data at the same URL', async (t) => {
  const first = await start()
  await query(first.urlOf('postgres'), 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()
  t.equal(await isServing(first.adminUrl), false, 'it has ended')

  const second = await start()
  t.teardown(second.stop)
  t.equal(second.adminUrl, first.adminUrl)
  t.equal(second.reused, false)
  t.strictSame(await query(second.adminUrl, 'SELECT answer FROM kept'), [{ answer: 42 }])
})

t.test('only who is on this machine and has the password gets in', async (t) => {
  const { adminUrl, dataDirectory, stop } = await start()
  t.teardown(stop)
  const settingOf = async (setting: string) => Object.values((await query(adminUrl, `SHOW ${setting}`))[0] ?? {})
  t.strictSame(await settingOf('listen_addresses'), ['127.0.0.1'])
  t.strictSame(await settingOf('unix_socket_directories'), [''])
  t.strictSame(await settingOf('server_encoding'), ['UTF8'])
  t.strictSame(await settingOf('fsync'), ['off'], 'settings reach it')

  const wrong = new URL(adminUrl)
  wrong.password = 'wrong'
  await t.rejects(query(wrong.href, 'SELECT 1'), { code: '28P01' })
  const { mode } = await stat(join(dataDirectory, 'latchkey.json'))
  t.equal(mode & 0o777, 0o600)
})

t.test('two starts at once share one server, and the last to leave stops it', async (t) => {
  const [one, other] = await Promise.all([start(), start()])
  t.equal(one.adminUrl, other.adminUrl)
  t.strictSame([one.reused, other.reused].sort(), [false, true])
  await one.stop()
  await one.stop()
  t.equal(await isServing(other.adminUrl), true, 'stopping twice is stopping once')
  await other.stop()
  t.equal(await isServing(other.adminUrl), false)
})

t.test('a server whose starter was killed is taken over', async (t) => {
  const { child, adminUrl } = await startInOtherProcess(t)
  await kill(child)
  t.equal(await isServing(adminUrl), true)

  const server = await start()
  t.equal(server.reused, true)
  t.equal(server.adminUrl, adminUrl)
  await server.stop()
  t.equal(await isServing(adminUrl), false)
})

t.test('a server that was killed itself starts again', async (t) => {
  const { child, adminUrl } = await startInOtherProcess(t)
  await kill(child)
  process.kill(await serverPid(join(folder, name)), 'SIGKILL')

  const server = await start()
  t.teardown(server.stop)
  t.equal(server.reused, false)
  t.equal(server.adminUrl, adminUrl)
  t.strictSame(await query(server.adminUrl, 'SELECT answer FROM kept'), [{ answer: 42 }])
})

t.test('files left by dead processes do not block, though others have their ids', async (t) => {
  const { dataDirectory, stop } = await start()
  const pidFile = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8')
  await stop()
  await writeFile(join(dataDirectory, 'postmaster.pid'), pidFile.replace(/^\d+/, String(process.pid)))
  await writeFile(`${dataDirectory}.lock`, '2147483647')

  const server = await start()
  t.teardown(server.stop)
  t.equal(await isServing(server.adminUrl), true)
})

t.test('another port is taken when something else has ours', async (t) => {
  const first = await start()
  await first.stop()
  const intruder = createServer().listen(Number(new URL(first.adminUrl).port), '127.0.0.1')
  await once(intruder, 'listening')
  t.teardown(() => intruder.close())

  const second = await start()
  t.teardown(second.stop)
  t.not(second.adminUrl, first.adminUrl)
  t.strictSame(await query(second.adminUrl, 'SELECT answer FROM kept'), [{ answer: 42 }])
})

t.test('connections are ended by a stop', async (t) => {
  const { adminUrl, stop } = await start()
  const client = new Client({ connectionString: adminUrl })
  client.on('error', () => undefined)
  await client.connect()
  await stop()
  await t.rejects(client.query('SELECT 1'))
})

t.test('a folder that is not ours is left alone', async (t) => {
  await mkdir(join(folder, 'foreign'))
  const precious = join(folder, 'foreign', 'precious')
  await writeFile(precious, 'x')
  await t.rejects(startPostgresServer({ projectDirectory, name: 'foreign', settings }), {
    message: /foreign could not be created/,
  })
  t.equal(await readFile(precious, 'utf8'), 'x')
})

t.test('nothing runs or stays at the end', async (t) => {
  const server = await start()
  t.equal(server.reused, false, 'no test left its server running')
  await server.stop()
  t.strictSame((await readdir(folder)).sort(), ['foreign', 'kept', 'kept.log'])
  await rm(folder, { recursive: true })
})
