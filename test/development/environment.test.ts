// The environment of `npm run dev`: what is set stays, and the rest is filled in.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { prepareDevelopmentEnvironment } from '../../src/development/environment.js'
import { serverAccount } from '../../src/development/postgres-account.js'
import { dataFolder } from '../../src/development/postgres-place.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { bannerFor } from '../../src/development/readiness.js'

const names = [
  'NODE_ENV',
  'DATABASE_URL',
  'JWT_PRIVATE_KEY',
  'JWT_PRIVATE_KEY_FILE',
  'OTP_PEPPER',
  'PORT',
  'APP_NAME',
  'PUBLIC_URL',
  'PASSKEY_RP_ID',
  'PASSKEY_ORIGINS',
]

function setEnvironment(t: Test, values: Record<string, string>): void {
  const before = { ...process.env }
  t.teardown(() => {
    for (const name of names) delete process.env[name]
    Object.assign(process.env, before)
  })
  for (const name of names) delete process.env[name]
  Object.assign(process.env, values)
}

t.test('.env fills what the real environment leaves open', async (t) => {
  const projectDirectory = t.testdir({ '.env': 'DATABASE_URL=postgresql://elsewhere/db\nPORT=4000\nAPP_NAME=File\n' })
  setEnvironment(t, { APP_NAME: 'Real', JWT_PRIVATE_KEY_FILE: '/run/secrets/key' })
  const { environment, databaseIsEmbedded, stop } = await prepareDevelopmentEnvironment({
    projectDirectory,
    onProgress: (line) => t.fail(line),
  })
  await stop()
  t.equal(databaseIsEmbedded, false)
  t.match(environment, { DATABASE_URL: 'postgresql://elsewhere/db', PORT: '4000', APP_NAME: 'Real' })
  t.equal(environment['NODE_ENV'], 'development')
  t.notOk('JWT_PRIVATE_KEY' in environment, 'a secret given as a file is given')
  const { OTP_PEPPER } = JSON.parse(await readFile(join(projectDirectory, '.data', 'secrets.json'), 'utf8'))
  t.equal(environment['OTP_PEPPER'], OTP_PEPPER)
})

t.test('without a database it brings its own, twice the same', async (t) => {
  const projectDirectory = t.testdir({})
  setEnvironment(t, { NODE_ENV: '', DATABASE_URL: '' })
  const folder = await dataFolder(projectDirectory, await serverAccount())
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const lines: string[] = []
  const prepare = () => prepareDevelopmentEnvironment({ projectDirectory, onProgress: (line) => lines.push(line) })

  const [one, other] = [await prepare(), await prepare()]
  t.equal(one.databaseIsEmbedded, true)
  t.strictSame(one.environment, other.environment)
  t.match(lines.at(-1), /running already/)
  const sql = 'SELECT current_database() AS name'
  const url = one.environment['DATABASE_URL'] ?? ''
  t.strictSame(await withConnection(url, async (client) => (await client.query(sql)).rows), [{ name: 'latchkey' }])
  await one.stop()
  await other.stop()
  await t.rejects(withConnection(url, async () => undefined))
})

t.test('passkeys work at the address of the banner, unless somebody has set them', async (t) => {
  const projectDirectory = t.testdir({})
  const prepare = async (values: Record<string, string>) => {
    setEnvironment(t, { DATABASE_URL: 'postgresql://elsewhere/db', ...values })
    return (await prepareDevelopmentEnvironment({ projectDirectory, onProgress: () => undefined })).environment
  }
  const passkeys = async (values: Record<string, string>) => parseConfig(await prepare(values)).passkeys
  const own = await passkeys({})
  t.match(own, { rpId: 'localhost', origins: ['http://localhost:3000'] })
  t.match(bannerFor(3000), `${own?.origins[0]}/sign-in`)
  t.strictSame((await passkeys({ PORT: '80' }))?.origins, ['http://localhost'])
  const behind = await passkeys({ PORT: '4000', PUBLIC_URL: 'http://localhost:3001' })
  t.strictSame(behind?.origins, ['http://localhost:4000', 'http://localhost:3001'])
  t.equal(await passkeys({ PUBLIC_URL: 'https://dev.example.com' }), null)
  for (const set of [{ PASSKEY_RP_ID: 'example.com' }, { PUBLIC_URL: 'no URL' }])
    t.notOk('PASSKEY_ORIGINS' in (await prepare(set)), 'what is wrong is for the service to say')
})

t.test('a damaged .data is an error that names it', async (t) => {
  const projectDirectory = t.testdir({ '.data': {} })
  setEnvironment(t, {})
  await writeFile(join(projectDirectory, '.data', 'secrets.json'), 'x')
  await t.rejects(prepareDevelopmentEnvironment({ projectDirectory, onProgress: () => undefined }), /secrets\.json/)
})
