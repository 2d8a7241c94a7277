// `latchkey dev` and `latchkey start` as processes, in a folder that has nothing but the build.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { serverAccount } from '../../src/development/postgres-account.js'
import { dataFolder } from '../../src/development/postgres-place.js'
import { exitCodeOf } from '../../src/development/processes.js'
import { testSecrets } from '../support/app.js'
import { projectDirectory } from '../support/project.js'

const main = join(projectDirectory, '.build', 'src', 'cli', 'main.js')

function start(folder: string, words: readonly string[], environment: Record<string, string> = {}) {
  const { NODE_V8_COVERAGE, PATH } = process.env
  const env = { PATH, HOME: folder, ...(NODE_V8_COVERAGE && { NODE_V8_COVERAGE }), ...environment }
  const child = spawn(process.execPath, [main, ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.all([exitCodeOf(child), buffer(child.stdout), buffer(child.stderr)])
  return { child, ended: ended.then(([code, output, errors]) => ({ code, output: `${output}`, errors: `${errors}` })) }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

t.test('a folder of its own: the service, and commands on its database', async (t) => {
  const folder = t.testdir({})
  const data = await dataFolder(folder, await serverAccount())
  t.teardown(() => rmSync(data, { recursive: true, force: true }))
  rmSync(join(folder, '.data'), { recursive: true, force: true })
  const early = await start(folder, ['status']).ended
  t.match(early, { code: 1, output: '', errors: 'DATABASE_URL is required' })
  t.notOk(existsSync(join(folder, '.data')), 'nobody who forgot a setting gets an empty database')

  const PORT = await freePort()
  const service = start(folder, ['dev'], { PORT })
  const ready = async () => (await fetch(`http://127.0.0.1:${PORT}/health/ready`)).ok
  const isReady = () => ready().catch(() => false)
  while (!(await isReady()) && service.child.exitCode === null) await sleep(50)
  const status = await start(folder, ['status', '--json']).ended
  t.match(status, { code: 0, errors: '' }, 'JSON alone')
  t.match(JSON.parse(status.output), { ok: true, state: 'current' })
  const production = await start(folder, ['status'], { NODE_ENV: 'production' }).ended
  t.match(production, { code: 1, errors: 'DATABASE_URL is required' })
  t.match(await start(folder, ['dev'], { PORT }).ended, { code: 1, errors: /^port \d+ is in use/ })
  service.child.kill('SIGTERM')
  t.match(await service.ended, { code: 0, output: /Latchkey is ready\.[\s\S]*Stopping/ })

  writeFileSync(join(folder, '.data', 'secrets.json'), 'x')
  const damaged = await start(folder, ['status', '--json']).ended
  t.equal(damaged.code, 1)
  t.match(JSON.parse(damaged.errors), { error: { kind: 'failure', message: /secrets\.json is damaged/ } })
})

t.test('the service as it is started in production', async (t) => {
  const { code, output, errors } = await start(t.testdir({}), ['start']).ended
  t.match({ code, output }, { code: 1, output: '' })
  t.match(errors, /^OTP_PEPPER is required \(latchkey keys new prints one\)$/m)
})

t.test('and as it is stopped', async (t) => {
  // A database that is away may come back: no reason not to start.
  const environment = {
    ...testSecrets,
    NODE_ENV: 'development',
    PORT: await freePort(),
    DATABASE_URL: 'postgresql://127.0.0.1:9/none',
    MIGRATE_ON_BOOT: 'off',
  }
  const { child, ended } = start(t.testdir({}), ['start'], environment)
  const isLive = async () => (await fetch(`http://127.0.0.1:${environment.PORT}/health/live`)).ok
  while (!(await isLive().catch(() => false)) && child.exitCode === null) await sleep(50)
  child.kill('SIGTERM')
  t.match(await ended, { code: 0, errors: '', output: /"msg":"stopped"/ })
})

t.test('whoever reads no further', async (t) => {
  const { child, ended } = start(t.testdir({}), ['messages'])
  child.stdout.destroy()
  t.match(await ended.catch(() => exitCodeOf(child)), /./)
  t.equal(child.exitCode, 0)
})
