// Lets libraries configure themselves by the issuer of the service that `npm run dev` starts, and asks each of them with good tokens and
// bad ones. The last line counts: `N passed, N failed`. What is not installed here is skipped, and said.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, claimsOf, encode, freePort, main, runToEnd, skip, startService } from '../support.mjs'

const here = import.meta.dirname
const folder = await mkdtemp(join(tmpdir(), 'latchkey-discovery-'))
/** Debian's libraries of Go, which no proxy for modules has to bring. */
const debianGo = '/usr/share/gocode'

class NotInstalled extends Error {}

/** How each is made ready, and what runs it. */
const verifiers = {
  async jose() {
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
    await runToEnd('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', 'jose@6.2.18'], { cwd: folder })
    await cp(join(here, 'jose'), folder, { recursive: true })
    return [process.execPath, join(folder, 'check.mjs')]
  },
  async PyJWT() {
    const python = await firstThatRuns(['python3', '/usr/bin/python3'], ['-c', 'import jwt, cryptography'])
    return [python, '-B', join(here, 'pyjwt/check.py')]
  },
  async 'go-oidc'() {
    const go = await firstThatRuns(['go', '/usr/lib/go/bin/go'], ['version'])
    const env = {
      ...{ GO111MODULE: 'off', GOPATH: debianGo, GOPROXY: 'off', GOFLAGS: '', CGO_ENABLED: '0' },
      GOCACHE: join(folder, 'go-cache'),
    }
    const binary = join(folder, 'verifier')
    await firstThatRuns(['test'], ['-d', `${debianGo}/src/github.com/coreos/go-oidc`])
    await runToEnd(go, ['vet', '.'], { cwd: join(here, 'go-oidc'), env })
    await runToEnd(go, ['build', '-o', binary, '.'], { cwd: join(here, 'go-oidc'), env })
    return [binary]
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

/** What a verifier says of tokens, in their order. */
function ask([command, ...words], issuer, tokens) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { env: { ...process.env, ISSUER: issuer }, stdio: ['pipe', 'pipe', 'pipe'] })
    const [said, failed] = [[], []]
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => failed.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code !== 0) return reject(new Error(`${command} ended with ${code}: ${failed.join('')}`))
      resolve(
        Buffer.concat(said)
          .toString()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      )
    })
    // One that believes no issuer ends before it reads what it is given (EPIPE): how it ended says all.
    child.stdin.on('error', () => {})
    child.stdin.end(tokens.map((token) => `${token}\n`).join(''))
  })
}

await main(async () => {
  const port = String(await freePort())
  const issuer = `http://127.0.0.1:${port}`
  const service = await startService({
    PORT: port,
    PUBLIC_URL: issuer,
    JWT_ISSUER: issuer,
    TOKEN_TTL: '15m',
    TOKEN_CLAIMS: 'role,phone_number_verified,email_verified',
  })
  const { token, user } = await service.signIn()
  const { es256, header, publicKey } = service
  const [head, payload, signature] = token.split('.')
  const claims = claimsOf(token)
  const hmacText = `${encode({ ...header, alg: 'HS256' })}.${payload}`
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const hmac = createHmac('sha256', pem).update(hmacText).digest('base64url')
  const refused = {
    'a tampered one': `${head}.${encode({ ...claims, role: 'ADMIN' })}.${signature}`,
    'an unsigned one': `${encode({ ...header, alg: 'none' })}.${payload}.`,
    'one signed with the public key': `${hmacText}.${hmac}`,
    'one that has ended': es256(header, { ...claims, iat: claims.iat - 1000, exp: claims.iat - 600 }),
    'one for another audience': es256(header, { ...claims, aud: 'shop' }),
    'one of another issuer': es256(header, { ...claims, iss: 'https://elsewhere.example' }),
    'one of a key that nobody knows': es256({ ...header, kid: 'nobody' }, claims),
  }
  const isGood = (said) =>
    said.sub === user.id && said.sid === claims.sid && said.role === 'USER' && said.email_verified === true

  async function checkVerifier(name, command) {
    const [good, ...bad] = await ask(command, issuer, [token, ...Object.values(refused)])
    check(`${name}: a good token says who it is`, isGood(good), good)
    for (const [index, what] of Object.keys(refused).entries()) {
      check(`${name}: ${what} is refused`, bad[index]?.error !== undefined, bad[index])
    }
    const isBelieved = await ask(command, `${issuer}/`, [token]).then(
      () => true,
      () => false,
    )
    check(`${name}: an issuer that says it is another is not believed`, !isBelieved)
  }

  try {
    for (const [name, prepare] of Object.entries(verifiers)) {
      try {
        await checkVerifier(name, await prepare())
      } catch (error) {
        if (!(error instanceof NotInstalled)) throw error
        skip(name, error.message)
      }
    }
  } finally {
    await service.end()
    await rm(folder, { recursive: true })
  }
})
