// The document as a product: it lints clean, breaks nobody who goes by the one before, and four generators make of it what compiles and
// works. Prints each check; the last line counts them. `--url URL` drives a service that runs already, else one is started.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWords } from '../scripts/parts/words.mjs'

process.chdir(import.meta.dirname)
const usage = `Usage: npm run openapi:check -- [--url URL]

Lints openapi.json, notices what breaks, and drives what four generators make of it: against a service of its own, or the one of
npm run dev at that URL.`
const { values } = readWords(usage, { options: { url: { type: 'string' } } })
const document = '../openapi.json'
const generators = ['hey-api', 'openapi-typescript', 'orval', 'kubb']

const counts = { passed: 0, failed: 0 }
const say = (line) => process.stdout.write(`${line}\n`)

/** Runs a program, and gives what it said and its exit code. */
async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
  const [code] = await once(child, 'close')
  return { code, said }
}

const bin = (name, ...args) =>
  run(`node_modules/.bin/${name}`, args, { env: { ...process.env, REDOCLY_TELEMETRY: 'off' } })

/** @param test gives why it fails, or nothing */
async function check(name, test) {
  const fault = await test().catch((error) => String(error.stack))
  counts[fault ? 'failed' : 'passed'] += 1
  say(fault ? `FAIL ${name}\n${fault.trim().replaceAll(/^/gm, '     ')}` : `ok   ${name}`)
  return !fault
}

/** What was typed cannot be used: 2, and nothing is done. */
const unless = (isGood, { said }) => (isGood ? undefined : said)

// --- What linters say ---------------------------------------------------------------------------------------------------------

await check('redocly, recommended rules: no error, no warning', async () => {
  const result = await bin('redocly', 'lint', document, '--config', 'redocly.yaml', '--format', 'summary')
  return unless(result.code === 0 && !/warning/i.test(result.said.replace(/Deprecation warning/g, '')), result)
})
await check('spectral, recommended rules: no error, no warning', async () => {
  const result = await bin('spectral', 'lint', document, '--ruleset', '.spectral.yaml', '--fail-severity', 'hint')
  return unless(result.code === 0, result)
})

// --- What breaks ----------------------------------------------------------------------------------------------------------------

const work = await mkdtemp(join(tmpdir(), 'latchkey-openapi-'))
/** Error codes are open: whoever goes by the document takes those that it does not know (README, "What may change"). */
const isOpen = ({ id, text }) => id === 'response-property-enum-value-added' && text.includes('schemas/ErrorCode')

/** What breaks from one document to another, a line each; `accepted-breaks.txt` has those that were decided on. */
async function breaking(from, to) {
  const accepted = ['--err-ignore', 'accepted-breaks.txt', '--warn-ignore', 'accepted-breaks.txt']
  const { said } = await bin('oasdiff', 'breaking', from, to, '--format', 'json', ...accepted)
  const lines = JSON.parse(said).filter((each) => !isOpen(each))
  return lines.map(({ operation, path, text }) => `in API ${operation} ${path} ${text}`).join('\n')
}

/** The document with one change. */
async function changed(name, change) {
  const made = JSON.parse(await readFile(document, 'utf8'))
  change(made)
  const path = join(work, `${name}.json`)
  await writeFile(path, JSON.stringify(made))
  return path
}

const breaks = {
  'a route that is gone': ({ paths }) => delete paths['/auth/request-otp'],
  'a member of an answer that is gone': ({ components: { schemas } }) => delete schemas.User.properties.user_name,
  'a member of a body that is required now': ({ components: { schemas } }) =>
    schemas.SendOtpRequest.required.push('mode'),
  'a value that is taken no more': ({ components: { schemas } }) => schemas.SendOtpRequest.properties.mode.enum.pop(),
}
for (const [index, [name, change]] of Object.entries(breaks).entries()) {
  await check(`oasdiff notices ${name}`, async () => {
    return (await breaking(document, await changed(`break-${index}`, change))) === '' ? 'it did not' : undefined
  })
}
await check('oasdiff takes what a minor version may add', async () => {
  const more = await changed('more', ({ paths, components: { schemas } }) => {
    schemas.ErrorCode.enum.push('something_new')
    schemas.User.properties.nickname = { type: 'string' }
    schemas.SendOtpRequest.properties.hint = { type: 'string' }
    paths['/auth/more'] = structuredClone(paths['/health/live'])
    paths['/auth/more'].get.operationId = 'more'
  })
  const result = await breaking(document, more)
  return unless(result.code === 0, result)
})

/** What changes are held against: OPENAPI_BASE, the newest release, or what the branch began with. */
async function baseCommit() {
  const git = async (...args) => (await run('git', args)).said.trim()
  if (process.env.OPENAPI_BASE) return process.env.OPENAPI_BASE
  const tag = await run('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*'])
  if (tag.code === 0) return tag.said.trim()
  const [head, fork] = [await git('rev-parse', 'HEAD'), await git('merge-base', 'HEAD', 'main')]
  return fork === head || !/^[0-9a-f]{40}$/.test(fork) ? 'HEAD^' : fork
}

const base = await baseCommit()
const before = await run('git', ['show', `${base}:openapi.json`])
if (before.code === 0) {
  await writeFile(join(work, 'base.json'), before.said)
  await check(`nothing breaks who goes by the document of ${base}`, () => breaking(join(work, 'base.json'), document))
} else say(`--   there is no document in ${base} to compare with`)

// --- What generators make of it ---------------------------------------------------------------------------------------------------

const generated = []
for (const name of generators) {
  const isThere = await check(`${name} generates`, async () => {
    const result = await run(process.execPath, ['generate.mjs', name])
    return unless(result.code === 0 && !/error/i.test(result.said), result)
  })
  if (isThere) generated.push(name)
}
await check('what they made, and what uses it, compiles under tsc --strict', async () => {
  const result = await bin('tsc', '-p', '.')
  return unless(result.code === 0, result)
})

const service = values.url ? { url: values.url, stop: async () => {} } : await startService()
for (const name of generated) {
  await check(`${name} signs up, signs in, refreshes, fails and logs out`, async () => {
    const result = await run(process.execPath, ['--import', 'tsx', 'clients/drive.ts', name, service.url])
    return unless(result.code === 0, result)
  })
}
await service.stop()
await rm(work, { recursive: true })

async function startService() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/development/main.ts'], {
    cwd: '..',
    // All come from one address, also those of the runs before.
    env: { ...process.env, PORT: String(port), IP_SEND_PER_HOUR: '1000', IP_VERIFY_PER_10_MIN: '1000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
  const url = `http://127.0.0.1:${port}`
  const ended = once(child, 'close')
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${url}/health/ready`).catch(() => undefined)
    if (ready?.ok) break
    if (tries === 240 || child.exitCode !== null) throw new Error(`the service did not start:\n${said}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  return {
    url,
    stop: async () => {
      child.kill()
      await ended
    },
  }
}

say(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1
