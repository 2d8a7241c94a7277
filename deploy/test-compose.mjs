// `node deploy/test-compose.mjs`: runs what compose.yaml describes, without containers: PostgreSQL, PgBouncer, Redis and Caddy of Debian,
// two replicas, with the very files and settings (deploy/compose, the secrets of setup.sh), and tries what is promised of them together.
// As root, since PostgreSQL runs as another user. Takes half a minute. The last line counts.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { Agent, request } from 'node:https'
import { connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { composeServices } from './check/compose-file.mjs'
import { check, finish, skip } from './check/report.mjs'

const asPostgres = ['--reuid=postgres', '--regid=postgres', '--init-groups']
const project = fileURLToPath(new URL('..', import.meta.url))
process.chdir(project)
const binaries = postgresBinaries()
const missing = ['caddy', 'pgbouncer', 'redis-server', 'setpriv', 'openssl'].filter(
  (tool) => spawnSync('which', [tool]).status !== 0,
)
if (binaries === undefined) missing.push('postgresql')
if (process.getuid() !== 0) missing.push('root')
if (missing.length > 0) {
  skip(`what compose.yaml describes: needs ${missing.join(', ')}`)
  finish()
  process.exit()
}

const work = mkdtempSync(join(tmpdir(), 'latchkey-compose-'))
chmodSync(work, 0o711)
const running = new Set()
let webhook
try {
  await tryAll()
} catch (error) {
  check('it runs to its end', [error.stack])
} finally {
  webhook?.close()
  for (const child of running) child.kill('SIGKILL')
  if (binaries)
    spawnSync(
      'setpriv',
      [...asPostgres, join(binaries, 'pg_ctl'), '-D', join(work, 'data'), '-m', 'immediate', 'stop'],
      { cwd: '/' },
    )
  rmSync(work, { recursive: true, force: true })
}
finish()

async function tryAll() {
  setUp()
  const ports = Object.fromEntries(
    await Promise.all(
      ['postgres', 'pgbouncer', 'redis', 'caddy', 'http', 'admin', 'one', 'two'].map(async (name) => [
        name,
        await freePort(),
      ]),
    ),
  )
  const at = (text) =>
    text
      .replace('postgres:5432', `127.0.0.1:${ports.postgres}`)
      .replace('pgbouncer:6432', `127.0.0.1:${ports.pgbouncer}`)
      .replace('redis:6379', `127.0.0.1:${ports.redis}`)
  for (const name of readdirSync(join(work, 'secrets'))) {
    const file = join(work, 'secrets', name)
    const text = readFileSync(file, 'utf8')
    chmodSync(file, 0o644)
    writeFileSync(file, at(text))
  }
  const origin = `https://localhost:${ports.caddy}`
  const messages = await startWebhook()

  startPostgres(ports.postgres)
  await startPgBouncer(ports)
  start('redis-server', ['--port', ports.redis, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'])
  const settings = settingsOf('latchkey', at)
  const owner = settingsOf('migrate', at)
  const migrated = latchkey(['migrate'], owner)
  check('the job migrate applies the migrations as their owner', [migrated.status !== 0 && migrated.output])
  const made = latchkey(['init', '--database'], owner)
  check('the job role makes the role of the service', [made.status !== 0 && made.output])
  check('and does no harm the second time', [latchkey(['init', '--database'], owner).status !== 0 && 'it fails'])

  Object.assign(settings, {
    PUBLIC_URL: origin,
    TRUST_PROXY: '127.0.0.1',
    HOST: '127.0.0.1',
    SMS_DRIVERS: 'webhook',
    EMAIL_DRIVERS: 'webhook',
    SENDER_WEBHOOK_URL: `http://127.0.0.1:${webhook.address().port}`,
    // Debian's PgBouncer is of 1.18.
    DATABASE_NAMED_STATEMENTS: 'off',
  })
  const startReplica = (port) =>
    start(process.execPath, ['--import', 'tsx', 'src/server.ts'], { ...settings, PORT: String(port) })
  const replicas = { one: startReplica(ports.one), two: startReplica(ports.two) }
  const ready = async (port) => (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => ({ ok: false }))).ok
  for (const name of ['one', 'two']) {
    const isReady = await until(() => ready(ports[name]), 30)
    check(`replica ${name} is ready, through PgBouncer, as a role of least privilege`, [
      !isReady && replicas[name].log(),
    ])
  }

  const upstreams = `127.0.0.1:${ports.one} 127.0.0.1:${ports.two}`
  const caddyEnvironment = {
    PUBLIC_URL: origin,
    UPSTREAMS: upstreams,
    HTTP_PORT: String(ports.http),
    CADDY_ADMIN: `localhost:${ports.admin}`,
    XDG_DATA_HOME: join(work, 'caddy'),
    XDG_CONFIG_HOME: join(work, 'caddy'),
    HOME: work,
  }
  const caddyfile = ['--config', 'deploy/compose/Caddyfile', '--adapter', 'caddyfile']
  const validated = spawnSync('caddy', ['validate', ...caddyfile], {
    env: { PATH: process.env.PATH, ...caddyEnvironment },
    encoding: 'utf8',
  })
  check('the Caddyfile is valid', [validated.status !== 0 && validated.stderr])
  const caddy = start('caddy', ['run', ...caddyfile], caddyEnvironment)
  const authority = join(work, 'caddy/caddy/pki/authorities/local/root.crt')
  const isUp = await until(() => {
    visitor.authority = readFileSync(authority)
    return visitor('127.0.0.1', origin)('GET', '/health/live').then(({ status }) => status === 200)
  }, 20)
  check('Caddy answers with a certificate of its own authority', [!isUp && caddy.log()])
  if (!isUp) return

  await tryHandedOn(caddyfile, caddyEnvironment)
  await trySignIn(origin, messages)
  await tryFences(origin, ports, owner, settings)
  await tryFloodGuard(origin)
  for (const name of ['one', 'two']) {
    const port = ports[name]
    const again = { start: () => startReplica(port), isReady: () => ready(port) }
    replicas[name] = await tryStopping(origin, { name, port, replica: replicas[name], again })
  }
  await tryWithoutDatabase(origin, () => ready(ports.one))
}

/** The database goes: no replica is ready, and Caddy answers for all. */
async function tryWithoutDatabase(origin, isReady) {
  spawnSync(
    'setpriv',
    [...asPostgres, join(binaries, 'pg_ctl'), '-D', join(work, 'data'), '-m', 'immediate', '-w', 'stop'],
    { cwd: '/' },
  )
  await until(async () => !(await isReady()), 20)
  const anybody = visitor('127.8.9.8', origin)
  const away = await until(async () => (await anybody('GET', '/health/live')).status === 503, 20)
  check('without its database the service is away', [!away && 'it answers'])
  const sent = await anybody('POST', '/auth/request-otp', { email: 'ada@example.com' })
  check('which is told as the service tells it, and when to come again', [
    sent.status !== 503 && sent.status,
    sent.headers?.['retry-after'] !== '5' && 'no Retry-After',
    sent.headers?.['content-type'] !== 'application/problem+json' && sent.headers?.['content-type'],
    sent.body?.code !== 'service_unavailable' && JSON.stringify(sent.body),
  ])
  const keys = await anybody('GET', '/.well-known/jwks.json')
  check('who verifies tokens by the keys of the service goes on', [keys.status !== 200 && keys.status])
  const metrics = await anybody('GET', '/metrics')
  check('what is not for the outside stays so', [metrics.status !== 404 && metrics.status])
}

/** Secrets and .env as setup.sh writes them, once more for an installation from before secrets were files. */
function setUp() {
  const setup = (folder, ...profiles) =>
    execFileSync('deploy/compose/setup.sh', profiles, {
      env: { PATH: process.env.PATH, SETUP_FOLDER: folder },
      encoding: 'utf8',
    })
  setup(work, 'tls', 'replicas', 'pgbouncer', 'redis')
  const contents = () =>
    readdirSync(join(work, 'secrets'))
      .map((name) => readFileSync(join(work, 'secrets', name), 'utf8'))
      .join()
  const [before, environment] = [contents(), readFileSync(join(work, '.env'), 'utf8')]
  setup(work, 'tls', 'replicas', 'pgbouncer', 'redis')
  check('setup.sh changes nothing the second time', [
    contents() !== before && 'other secrets',
    readFileSync(join(work, '.env'), 'utf8').split('\n').sort().join() !== environment.split('\n').sort().join() &&
      'another .env',
  ])

  const older = join(work, 'older')
  mkdirSync(older)
  writeFileSync(join(older, '.env'), 'POSTGRES_PASSWORD="abc"\nOTP_PEPPER=pepper==\nSMS_DRIVERS=twilio\n')
  setup(older)
  const read = (name) => readFileSync(join(older, 'secrets', name), 'utf8')
  check('it moves secrets of .env, and keeps the pepper as the key of events, which it was', [
    read('owner_password') !== 'abc' && 'the password is another',
    !read('owner_database_url').includes(':abc@') && 'the connection string has another password',
    read('otp_pepper') !== 'pepper==' && 'the pepper is another',
    read('event_key') !== 'pepper==' && 'the key of events is another',
    /PASSWORD|PEPPER/.test(readFileSync(join(older, '.env'), 'utf8')) && 'they still stand in .env',
    !/^SMS_DRIVERS=twilio$/m.test(readFileSync(join(older, '.env'), 'utf8')) && 'a setting is gone',
  ])

  const tried = join(work, 'tried')
  mkdirSync(tried)
  const settled = () => readFileSync(join(tried, '.env'), 'utf8')
  setup(tried, 'mail', 'tls')
  const caught = settled()
  setup(tried)
  check('a profile that is left out takes its settings along: no mail goes into a catcher that is not there', [
    !/^SMTP_URL=smtp:\/\/127\.0\.0\.1:1025$/m.test(caught) && caught,
    /SMTP_URL|EMAIL_DRIVERS|EMAIL_FROM|PUBLIC_URL/.test(settled()) && settled(),
  ])
  const misused = spawnSync('deploy/compose/setup.sh', ['--domain', 'login.example.com'], {
    env: { PATH: process.env.PATH, SETUP_FOLDER: tried },
    encoding: 'utf8',
  })
  check('a domain without a proxy is refused', [misused.status !== 2 && `it ended with ${misused.status}`])
}

/** What compose gives to a service: its .env and environment, with secrets where they lie here. */
function settingsOf(name, at) {
  const fromFile = name === 'latchkey' ? readFileSync(join(work, '.env'), 'utf8') : ''
  const environment = Object.fromEntries(
    fromFile
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  )
  const interpolated = composeServices(new URL('../', import.meta.url), environment)[name].environment
  return Object.fromEntries(
    Object.entries({ ...environment, ...interpolated }).map(([key, value]) => [
      key,
      at(value).replace('/run/secrets', join(work, 'secrets')),
    ]),
  )
}

/** What the service believes of its proxy, which is none of what a client wrote. */
async function tryHandedOn(caddyfile, environment) {
  const [port, admin, http] = [await freePort(), await freePort(), await freePort()]
  const echo = createServer(({ headers }, response) => response.end(JSON.stringify(headers)))
  await new Promise((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const caddy = start('caddy', ['run', ...caddyfile], {
    ...environment,
    PUBLIC_URL: `http://localhost:${port}`,
    UPSTREAMS: `127.0.0.1:${echo.address().port}`,
    HTTP_PORT: String(http),
    CADDY_ADMIN: `localhost:${admin}`,
  })
  const written = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=stranger',
    baggage: 'user=stranger',
    'x-request-id': '0af76519-16cd-43dd-8448-eb211c80319c',
    'x-forwarded-for': '203.0.113.7',
    forwarded: 'for=203.0.113.7',
    'x-kept': 'yes',
  }
  const ask = () => fetch(`http://localhost:${port}/`, { headers: written }).then((answer) => answer.json())
  let handedOn
  await until(async () => {
    handedOn = await ask()
    return true
  }, 20)
  const believed = Object.keys(written).filter((name) => name !== 'x-kept' && handedOn?.[name] === written[name])
  check('Caddy hands on no id of a trace or a request, and no address, that a client wrote', [
    handedOn?.['x-kept'] !== 'yes' && caddy.log(),
    believed.length > 0 && believed.join(', '),
  ])
  caddy.child.kill()
  echo.close()
}

async function trySignIn(origin, messages) {
  const ada = visitor('127.8.9.5', origin)
  const spoof = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7' }
  const sent = await ada('POST', '/auth/request-otp', { email: 'ada@example.com' }, spoof)
  check('a code is sent', [sent.status !== 200 && JSON.stringify(sent)])
  const { code } = await messages.next()
  const verified = await ada('POST', '/auth/verify-otp', { email: 'ada@example.com', otp: code }, spoof)
  check('and signs in, over TLS', [
    verified.status !== 200 && JSON.stringify(verified),
    !/; Secure/.test(String(verified.headers['set-cookie'])) && 'the cookie is not Secure',
  ])
  const authorization = `Bearer ${verified.body.token}`
  const { body } = await ada('GET', '/users/me/sessions', undefined, { authorization })
  const networks = JSON.stringify(body)
  check('the service knows the address of the client, and believes none that the client writes', [
    !networks.includes('127.8.9') && networks,
    networks.includes('203.0.113') && networks,
  ])
  const id = verified.headers['x-request-id']
  check('a request has an id of the proxy', [!/^[0-9a-f-]{36}$/.test(id) && String(id)])
}

async function tryFences(origin, ports, owner, settings) {
  const anybody = visitor('127.8.9.6', origin)
  for (const path of ['/metrics', '/health/ready'])
    check(`${path} is not for the outside`, [(await anybody('GET', path)).status !== 404 && 'it answers'])
  const token = readFileSync(settings.METRICS_TOKEN_FILE, 'utf8')
  const metrics = await fetch(`http://127.0.0.1:${ports.one}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
  })
  check('Prometheus gets its numbers from the replica', [metrics.status !== 200 && metrics.status])
  const redirect = await fetch(`http://localhost:${ports.http}/sign-in`, { redirect: 'manual' })
  check('plain HTTP leads to TLS', [redirect.status !== 308 && redirect.status])

  const [service, pooled] = ['database_url', 'pooled_database_url'].map((name) =>
    readFileSync(join(work, 'secrets', name), 'utf8'),
  )
  const ask = (url, sql) => spawnSync('psql', ['-qtA', '--no-psqlrc', url, '-c', sql], { encoding: 'utf8' })
  for (const sql of [
    'DROP TABLE users',
    'UPDATE auth_events SET event = event',
    'CREATE TABLE public.mine ()',
    'DELETE FROM _prisma_migrations',
  ])
    check(`the role of the service may not: ${sql}`, [
      !/permission denied|must be owner/.test(ask(service, sql).stderr) && 'it may',
    ])
  const roles = ask(
    owner.DIRECT_DATABASE_URL ?? readFileSync(owner.DIRECT_DATABASE_URL_FILE, 'utf8'),
    "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'latchkey' AND pid <> pg_backend_pid()",
  )
  check('and the service is connected as no other', [
    roles.stdout.trim() !== 'latchkey_service' && roles.stdout + roles.stderr,
  ])
  check('PgBouncer takes its name and password', [ask(pooled, 'SELECT 1').status !== 0 && 'it does not'])
}

/** 300 requests of one address in a minute, however many replicas: counts are shared through Redis. */
async function tryFloodGuard(origin) {
  const flooder = visitor('127.8.10.7', origin)
  const statuses = []
  while (statuses.length < 340) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => flooder('GET', '/.well-known/jwks.json')))
    statuses.push(...answers.map(({ status }) => status))
  }
  const served = statuses.filter((status) => status === 200).length
  check('one address has one flood guard over both replicas', [
    served !== 300 && `${served} of ${statuses.length} were served`,
    statuses.some((status) => ![200, 429].includes(status)) && 'other answers',
  ])
}

/** Stops a replica under load, as a release does, and starts the next: nobody gets an error. */
async function tryStopping(origin, { name, port, replica, again }) {
  const answers = []
  let goOn = true
  const visit = async (index) => {
    const ask = visitor(`127.9.${name === 'one' ? 1 : 2}.${index}`, origin)
    for (let count = 0; goOn && count < 290; count++) {
      const [method, path] = count % 3 === 0 ? ['POST', '/api/auth/refresh'] : ['GET', '/.well-known/jwks.json']
      const { status, error, headers, body } = await ask(method, path, method === 'POST' ? {} : undefined)
      // Who refused: Caddy where it knows of no replica, or the service, and for how long.
      const refusal =
        status === 503 && `503 ${body?.detail} after ${headers['retry-after']} s, by ${headers.via ?? 'Caddy'}`
      answers.push(error ?? (refusal || status))
      await wait(20)
    }
  }
  // Proxies open connections in advance, Caddy too where two requests come at once: one that is never used held a stop for 15 seconds.
  const unused = connect(port, '127.0.0.1').on('error', () => {})
  const visits = Array.from({ length: 8 }, (_, index) => visit(index + 1))
  await wait(300)
  replica.child.kill('SIGTERM')
  const code = await replica.ended
  await wait(700)
  unused.destroy()
  const next = again.start()
  await until(again.isReady, 30)
  await wait(500)
  goOn = false
  await Promise.all(visits)
  const wrong = answers.filter((answer) => ![200, 401].includes(answer))
  check(`replica ${name} stops while ${answers.length} requests are made, and none fails`, [
    wrong.length > 0 && `${wrong.length}: ${[...new Set(wrong)].join(', ')}`,
    code !== 0 && `it ended with ${code}`,
    answers.length < 100 && 'too few to tell',
    (wrong.length > 0 || code !== 0) && replica.log(),
  ])
  return next
}

/** Asks as a browser at that address does; each has connections of its own. An answer has `status`, `headers`, `body`, or `error`. */
function visitor(localAddress, origin) {
  const agent = new Agent({ keepAlive: true, ca: visitor.authority, localAddress, maxSockets: 20 })
  return (method, path, body, headers = {}) =>
    new Promise((resolve) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' }
      const url = new URL(path, origin)
      const options = {
        method,
        agent,
        headers: { ...json, ...headers },
        host: '127.0.0.1',
        servername: 'localhost',
        port: url.port,
        path: url.pathname,
      }
      options.headers.host = url.host
      const asked = request(options, (answer) => {
        const chunks = []
        answer.on('data', (chunk) => chunks.push(chunk))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode,
            headers: answer.headers,
            body: parsed(Buffer.concat(chunks).toString()),
          }),
        )
        answer.on('error', (error) => resolve({ error: error.code }))
      })
      asked.on('error', (error) => resolve({ error: error.code ?? error.message }))
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A gateway that takes every message. */
async function startWebhook() {
  const waiting = []
  const taken = []
  webhook = createServer((incoming, answer) => {
    const chunks = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString())
      const first = waiting.shift()
      if (first) first(message)
      else taken.push(message)
      answer.end('{}')
    })
  })
  await new Promise((resolve) => webhook.listen(0, '127.0.0.1', resolve))
  return { next: () => (taken.length > 0 ? taken.shift() : new Promise((resolve) => waiting.push(resolve))) }
}

function startPostgres(port) {
  const data = join(work, 'data')
  const password = join(work, 'owner_password')
  copyFileSync(join(work, 'secrets/owner_password'), password)
  execFileSync('install', ['-d', '-o', 'postgres', '-g', 'postgres', '-m', '700', data])
  const run = (program, ...words) =>
    execFileSync('setpriv', [...asPostgres, join(binaries, program), ...words], { cwd: '/', stdio: 'ignore' })
  run('initdb', '-D', data, '-U', 'latchkey', '-A', 'scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--locale=C')
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off`
  run('pg_ctl', '-D', data, '-w', '-l', join(data, 'log'), '-o', options, 'start')
  const url = readFileSync(join(work, 'secrets/owner_database_url'), 'utf8').replace(/latchkey$/, 'postgres')
  execFileSync('psql', ['-q', url, '-c', 'CREATE DATABASE latchkey'])
}

/** With the file of the profile, at other addresses. */
async function startPgBouncer(ports) {
  const folder = join(work, 'pgbouncer')
  execFileSync('install', ['-d', '-o', 'postgres', '-g', 'postgres', '-m', '700', folder])
  const settings = readFileSync('deploy/compose/pgbouncer.ini', 'utf8')
    .replace('host=postgres port=5432', `host=127.0.0.1 port=${ports.postgres}`)
    .replace('listen_addr = *', 'listen_addr = 127.0.0.1')
    .replace('6432', String(ports.pgbouncer))
    .replace('/run/secrets/pgbouncer_users', join(folder, 'users'))
    // Unknown before 1.21.
    .replace(/^max_prepared_statements.*$/m, '')
  writeFileSync(join(folder, 'pgbouncer.ini'), settings)
  copyFileSync(join(work, 'secrets/pgbouncer_users'), join(folder, 'users'))
  execFileSync('chown', ['-R', 'postgres:postgres', folder])
  const pooler = start('setpriv', [...asPostgres, 'pgbouncer', join(folder, 'pgbouncer.ini')], {}, '/')
  await until(() => spawnSync('pg_isready', ['-q', '-h', '127.0.0.1', '-p', String(ports.pgbouncer)]).status === 0, 10)
  if (pooler.child.exitCode !== null) throw new Error(`PgBouncer: ${pooler.log()}`)
}

function latchkey(words, environment) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], {
    env: { PATH: process.env.PATH, HOME: work, ...environment },
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

function start(program, words, environment = {}, cwd = project) {
  let said = ''
  const child = spawn(program, words.map(String), {
    env: { PATH: `${process.env.PATH}:/usr/sbin`, ...environment },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return { child, ended, log: () => lastLines(said) }
}

/** Without those of requests, of which there are thousands. */
function lastLines(text) {
  const lines = text.split('\n').filter((line) => line && !line.includes('"msg":"request"'))
  return lines.slice(-15).join('\n     | ').slice(-3000)
}

async function until(condition, seconds) {
  const deadline = Date.now() + seconds * 1000
  while (Date.now() < deadline) {
    try {
      if (await condition()) return true
    } catch {
      // not yet
    }
    await wait(100)
  }
  return false
}

async function freePort() {
  const server = createTcpServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

function postgresBinaries() {
  const root = '/usr/lib/postgresql'
  const versions = spawnSync('ls', [root], { encoding: 'utf8' }).stdout.trim().split('\n').filter(Boolean)
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1)
  return newest && join(root, newest, 'bin')
}
