// Runs the back ends of this folder beside the service that `npm run dev` starts, and asks each of them with good tokens and bad ones, by
// keys and by introspection. The last line counts: `N passed, N failed`. What is not installed here is skipped, and said.
import { execFile, spawn } from 'node:child_process'
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = import.meta.dirname
const project = dirname(dirname(here))
const say = (line) => process.stdout.write(`${line}\n`)
const counts = { passed: 0, failed: 0, skipped: 0 }
const children = []

const introspectionToken = 'a-secret-of-this-check-32-bytes-and-more'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const folder = await mkdtemp(join(tmpdir(), 'latchkey-backends-'))

/** How each is made ready, and what runs it. */
const backends = {
  async node() {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: join(project, 'packages/server'),
    })
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
    await cp(join(here, 'node/server.mjs'), join(folder, 'server.mjs'))
    const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${filename}`, 'fastify@5.12.8']
    await run('npm', words, { cwd: folder })
    return [process.execPath, join(folder, 'server.mjs')]
  },
  async go() {
    const go = await firstThatRuns([
      ['go', 'version'],
      ['/usr/lib/go/bin/go', 'version'],
    ])
    const binary = join(folder, 'backend')
    const env = {
      ...process.env,
      GOFLAGS: '-mod=mod',
      GOPROXY: 'off',
      CGO_ENABLED: '0',
      GOCACHE: join(folder, 'go-cache'),
    }
    await run(go, ['vet', '.'], { cwd: join(here, 'go'), env })
    await run(go, ['build', '-o', binary, '.'], { cwd: join(here, 'go'), env })
    return [binary]
  },
  async python() {
    const has = ['-c', 'import jwt, cryptography']
    const python = await firstThatRuns([
      ['python3', ...has],
      ['/usr/bin/python3', ...has],
    ])
    return [python, '-B', join(here, 'python/server.py')]
  },
}

class NotInstalled extends Error {}

async function firstThatRuns(commands) {
  for (const [command, ...words] of commands) {
    const isThere = await run(command, words).then(
      () => true,
      () => false,
    )
    if (isThere) return command
  }
  throw new NotInstalled(`none of ${commands.map((words) => words.join(' '))} runs here`)
}

function check(name, holds, found) {
  counts[holds ? 'passed' : 'failed'] += 1
  say(`${holds ? 'ok  ' : 'FAIL'} ${name}${holds ? '' : `: ${found}`}`)
}

const service = await startService()
try {
  const running = []
  for (const [name, prepare] of Object.entries(backends)) {
    try {
      const command = await prepare()
      for (const mode of ['jwks', 'introspection'])
        running.push({ name: `${name} by ${mode}`, mode, ...(await startBackend(command, mode)) })
    } catch (error) {
      if (!(error instanceof NotInstalled)) throw error
      counts.skipped += 1
      say(`skip ${name}: ${error.message}`)
    }
  }
  for (const backend of running) await askAll(backend)
  await service.end()
  for (const backend of running) await askWithoutService(backend)
} finally {
  for (const child of children) child.kill('SIGKILL')
  await service.end()
  await rm(folder, { recursive: true })
}
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
say(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
process.exitCode = counts.failed === 0 ? 0 : 1

async function askAll({ name, mode, ask, backend }) {
  const { token, userId } = await signIn()
  const good = await ask(token)
  check(`${name}: a good token is let in`, good.status === 200 && good.body.user_id === userId, JSON.stringify(good))
  const [head, payload, signature] = token.split('.')
  const other = (await signIn()).token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const header = JSON.parse(Buffer.from(head, 'base64url'))
  const now = Math.floor(Date.now() / 1000)
  const refused = {
    'no token': null,
    'an empty one': '',
    'no token of ours': 'secret',
    'a tampered one': `${head}.${other[1]}.${signature}`,
    'another signature': `${head}.${payload}.${other[2]}`,
    'an unsigned one': `${encode({ ...header, alg: 'none' })}.${payload}.AA`,
    'one signed with the public key': hmac({ ...header, alg: 'HS256' }, claims),
    'one that has ended': es256(header, { ...claims, iat: now - 100, exp: now - 10 }),
    'one for another audience': es256(header, { ...claims, aud: 'shop' }),
    'one for several': es256(header, { ...claims, aud: ['latchkey', 'shop'] }),
    'one of another issuer': es256(header, { ...claims, iss: 'elsewhere' }),
    'one without an end': es256(header, { ...claims, exp: undefined }),
    'one of a key that nobody knows': es256({ ...header, kid: 'nobody' }, claims),
    'one of another type': es256({ ...header, typ: 'at+jwt' }, claims),
  }
  for (const [what, wrong] of Object.entries(refused)) {
    const { status, challenge } = await ask(wrong)
    check(`${name}: ${what} is not`, status === 401 && /^Bearer/.test(challenge), `${status} ${challenge}`)
  }
  await call('/api/auth/logout', {}, token)
  const { status } = await ask(token)
  if (mode === 'introspection') check(`${name}: nor is one after its logout`, status === 401, status)
  else check(`${name}: after a logout it is let in until it ends, which is what keys can know`, status === 200, status)
  check(`${name}: it goes on running`, backend.exitCode === null, backend.exitCode)
}

async function askWithoutService({ name, mode, ask }) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: 'latchkey',
    aud: 'latchkey',
    sub: randomUUID(),
    sid: randomUUID(),
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
  }
  const { status } = await ask(es256(service.header, claims))
  if (mode === 'introspection')
    check(`${name}: without the service nobody is let in, and told to come again`, status === 503, status)
  else check(`${name}: without the service the keys serve on`, status === 200, status)
}

/** The service as `npm run dev` runs it, with a key that this check knows too. */
async function startService() {
  const port = await freePort()
  const child = start(process.execPath, ['--import', 'tsx', 'src/development/main.ts'], project, {
    PORT: String(port),
    // All of these people come from one address.
    IP_SEND_PER_HOUR: '10000',
    INTROSPECTION_TOKEN: introspectionToken,
    JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  })
  children.pop()
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/health/ready`)).ok, child)
  const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
  const header = { alg: 'ES256', typ: 'JWT', kid: keys[0].kid }
  let ending
  return {
    url,
    header,
    end() {
      ending ??= child.ended
      if (child.process.exitCode === null) child.process.kill('SIGTERM')
      return ending
    },
  }
}

async function startBackend([command, ...words], mode) {
  const port = await freePort()
  const environment = { AUTH_URL: service.url, MODE: mode, INTROSPECTION_TOKEN: introspectionToken, PORT: String(port) }
  const child = start(command, words, folder, environment)
  const ask = async (token) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` }
    const answer = await fetch(`http://127.0.0.1:${port}/orders`, { headers })
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.json() }
  }
  await until(async () => (await ask(null)).status === 401, child)
  return { ask, backend: child.process }
}

function start(command, words, cwd, environment) {
  const child = spawn(command, words, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return { process: child, ended, said: () => said.join('') }
}

async function until(isSo, child) {
  const end = Date.now() + 120_000
  while (!(await isSo().catch(() => false))) {
    if (child.process.exitCode !== null || Date.now() > end) throw new Error(`It did not start:\n${child.said()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Somebody new, by the code that the service echoes in development. */
async function signIn() {
  const email = `${randomUUID()}@example.com`
  const { otp } = await call('/auth/request-otp', { email })
  const { token, user } = await call('/auth/verify-otp', { email, otp })
  return { token, userId: user.id }
}

async function call(path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function es256(header, claims) {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function hmac(header, claims) {
  const text = `${encode(header)}.${encode(claims)}`
  const secret = publicKey.export({ type: 'spki', format: 'pem' })
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
