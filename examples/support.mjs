// What the checks of the examples have in common: counting, processes, and the service as `npm run dev` starts it.
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { readWords } from '../scripts/parts/words.mjs'

const usage = `Usage: node examples/…/run.mjs, or check.mjs

Runs what a guide says against the service, in folders of its own. The first lines of the file say what it checks.`

export const project = dirname(import.meta.dirname)
export const say = (line) => process.stdout.write(`${line}\n`)

const counts = { passed: 0, failed: 0, skipped: 0 }

/** @param found what is there instead */
export function check(name, holds, found = '') {
  counts[holds ? 'passed' : 'failed'] += 1
  say(`${holds ? 'ok  ' : 'FAIL'} ${name}${holds ? '' : `: ${JSON.stringify(found)}`}`)
}

export function skip(name, why) {
  counts.skipped += 1
  say(`skip ${name}: ${why}`)
}

/**
 * Runs the checks, ends what they started, and counts in the last line.
 * @param run is given the options that were typed
 * @param options what may be typed, as `parseArgs` takes it
 */
export async function main(run, options = {}) {
  const { values } = readWords(usage, { options })
  try {
    await run(values)
  } catch (error) {
    check('it ran to its end', false, error.stack)
  } finally {
    await endAll()
  }
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  say(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
  process.exit(counts.failed === 0 ? 0 : 1)
}

const running = new Set()

/** A process with all that it starts, in a group of its own. */
export function start(command, words, { cwd = project, env = {} } = {}) {
  const options = { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true }
  const child = spawn(command, words, options)
  const said = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk))
  const started = {
    /** resolves with its exit code */
    ended: new Promise((resolve) => child.once('exit', resolve)),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    said: () => said.join(''),
    async end(signal = 'SIGTERM') {
      running.delete(started)
      if (!started.isRunning()) return
      // `npm run` and shells do not hand a signal on: the whole group gets it.
      process.kill(-child.pid, signal)
      await started.ended
    },
  }
  running.add(started)
  return started
}

async function endAll() {
  await Promise.all([...running].map((each) => each.end()))
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => endAll().finally(() => process.exit(1)))

/** Runs a command to its end. @throws Error with all that it said */
export async function runToEnd(command, words, options) {
  const child = start(command, words, options)
  const code = await child.ended
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}:\n${child.said()}`)
  return child.said()
}

/** @throws Error where the process ends before, or after two minutes */
export async function until(isSo, child) {
  const end = Date.now() + 120_000
  while (!(await isSo().catch(() => false))) {
    if (!child.isRunning() || Date.now() > end) throw new Error(`It did not start:\n${child.said()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** The service, with a key that the check has too, so that it can sign tokens of every kind. */
export async function startService(env = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const port = env.PORT ?? String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const child = start(process.execPath, ['--import', 'tsx', 'src/development/main.ts'], {
    env: {
      PORT: port,
      // All of these people come from one address.
      IP_SEND_PER_HOUR: '10000',
      FLOOD_PER_MINUTE: '10000',
      JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      ...env,
    },
  })
  await until(async () => (await fetch(`${url}/health/ready`)).ok, child)
  const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()

  async function call(path, body, token) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }

  return {
    url,
    call,
    publicKey,
    header: { alg: 'ES256', typ: 'JWT', kid: keys[0].kid },
    end: () => child.end(),
    es256(header, claims) {
      const text = `${encode(header)}.${encode(claims)}`
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${text}.${signature.toString('base64url')}`
    },
    /** Somebody, by the code that the service echoes in development. */
    async signIn(email = `${randomUUID()}@example.com`) {
      const { otp } = await call('/auth/request-otp', { email })
      return { email, ...(await call('/auth/verify-otp', { email, otp })) }
    },
  }
}

export function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
}

/** undefined where there is none */
export const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** The browser, by the library that drives it, which is fetched into the folder. */
export async function launchChromium(folder, ...args) {
  const tools = join(folder, 'tools')
  await mkdir(tools)
  await writeFile(join(tools, 'package.json'), '{}')
  const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', 'puppeteer-core@24.43.1']
  await runToEnd('npm', words, { cwd: tools })
  const { launch } = createRequire(join(tools, 'package.json'))('puppeteer-core')
  return launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', ...args] })
}

/** Packs a package of this project into the folder and returns the name of the file. */
export async function pack(name, folder) {
  const said = await runToEnd('npm', [
    'pack',
    '--silent',
    '--pack-destination',
    folder,
    join(project, 'packages', name),
  ])
  return said.trim().split('\n').at(-1)
}
