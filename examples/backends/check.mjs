// Runs the back ends of this folder beside the service that `npm run dev` starts, and asks each of them with good tokens and bad ones, by
// keys and by introspection. The last line counts: `N passed, N failed`. What is not installed here is skipped, and said.
import { createHmac, randomUUID } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  check,
  claimsOf,
  encode,
  freePort,
  main,
  pack,
  runToEnd,
  skip,
  start,
  startService,
  until,
} from '../support.mjs'

const here = import.meta.dirname
const introspectionToken = 'a-secret-of-this-check-32-bytes-and-more'
const folder = await mkdtemp(join(tmpdir(), 'latchkey-backends-'))
let service

class NotInstalled extends Error {}

/** How each is made ready, and what runs it. */
const backends = {
  async node() {
    const file = await pack('server', folder)
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
    await cp(join(here, 'node/server.mjs'), join(folder, 'server.mjs'))
    const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${file}`, 'fastify@5.12.8']
    await runToEnd('npm', words, { cwd: folder })
    return [process.execPath, join(folder, 'server.mjs')]
  },
  async go() {
    const go = await firstThatRuns(['go', '/usr/lib/go/bin/go'], ['version'])
    const binary = join(folder, 'backend')
    const options = {
      cwd: join(here, 'go'),
      env: { GOPROXY: 'off', CGO_ENABLED: '0', GOCACHE: join(folder, 'go-cache') },
    }
    await runToEnd(go, ['vet', '.'], options)
    await runToEnd(go, ['build', '-o', binary, '.'], options)
    return [binary]
  },
  async python() {
    const python = await firstThatRuns(['python3', '/usr/bin/python3'], ['-c', 'import jwt, cryptography'])
    return [python, '-B', join(here, 'python/server.py')]
  },
}

async function firstThatRuns(commands, words) {
  for (const command of commands) {
    const isThere = await runToEnd('sh', ['-c', '"$@"', 'sh', command, ...words]).then(
      () => true,
      () => false,
    )
    if (isThere) return command
  }
  throw new NotInstalled(`${commands.join(' or ')} ${words.join(' ')} does not run here`)
}

await main(async () => {
  try {
    service = await startService({ INTROSPECTION_TOKEN: introspectionToken })
    const running = []
    for (const [name, prepare] of Object.entries(backends)) {
      try {
        const command = await prepare()
        for (const mode of ['jwks', 'introspection']) running.push(await startBackend(name, command, mode))
      } catch (error) {
        if (!(error instanceof NotInstalled)) throw error
        skip(name, error.message)
      }
    }
    for (const backend of running) await askAll(backend)
    await service.end()
    for (const backend of running) await askWithoutService(backend)
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function askAll({ name, mode, ask, isRunning }) {
  const { token, user } = await service.signIn()
  const good = await ask(token)
  check(`${name}: a good token is let in`, good.status === 200 && good.body.user_id === user.id, good)
  const { es256, header, publicKey } = service
  const [head, payload, signature] = token.split('.')
  const other = (await service.signIn()).token.split('.')
  const claims = claimsOf(token)
  const now = Math.floor(Date.now() / 1000)
  const hmacText = `${encode({ ...header, alg: 'HS256' })}.${payload}`
  const hmac = createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }))
    .update(hmacText)
    .digest('base64url')
  const refused = {
    'no token': null,
    'an empty one': '',
    'no token of ours': 'secret',
    'a tampered one': `${head}.${other[1]}.${signature}`,
    'another signature': `${head}.${payload}.${other[2]}`,
    'an unsigned one': `${encode({ ...header, alg: 'none' })}.${payload}.AA`,
    'one signed with the public key': `${hmacText}.${hmac}`,
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
    check(`${name}: ${what} is not`, status === 401 && /^Bearer/.test(challenge), [status, challenge])
  }
  await service.call('/api/auth/logout', {}, token)
  const { status } = await ask(token)
  if (mode === 'introspection') check(`${name}: nor is one after its logout`, status === 401, status)
  else check(`${name}: after a logout it is let in until it ends, which is what keys can know`, status === 200, status)
  check(`${name}: it goes on running`, isRunning())
}

async function askWithoutService({ name, mode, ask }) {
  const now = Math.floor(Date.now() / 1000)
  const names = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID() }
  const token = service.es256(service.header, { iss: 'latchkey', aud: 'latchkey', ...names, iat: now, exp: now + 60 })
  const { status } = await ask(token)
  if (mode === 'introspection')
    check(`${name}: without the service nobody is let in, and told to come again`, status === 503, status)
  else check(`${name}: without the service the keys serve on`, status === 200, status)
}

async function startBackend(backend, [command, ...words], mode) {
  const port = String(await freePort())
  const env = { AUTH_URL: service.url, MODE: mode, INTROSPECTION_TOKEN: introspectionToken, PORT: port }
  const child = start(command, words, { cwd: folder, env })
  const ask = async (token) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` }
    const answer = await fetch(`http://127.0.0.1:${port}/orders`, { headers })
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.json() }
  }
  await until(async () => (await ask(null)).status === 401, child)
  return { name: `${backend} by ${mode}`, mode, ask, isRunning: child.isRunning }
}
