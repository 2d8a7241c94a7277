// Development's generated secrets: kept, private, and never silently replaced.
import { createPrivateKey } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { loadOrCreateSecrets } from '../../src/development/secrets.js'

t.test('are created once and kept', async (t) => {
  const directory = join(t.testdir(), 'not there yet')
  const [first, atOnce] = await Promise.all([loadOrCreateSecrets(directory), loadOrCreateSecrets(directory)])
  t.strictSame(atOnce, first)
  t.strictSame(await loadOrCreateSecrets(directory), first)

  const key = createPrivateKey(first.JWT_PRIVATE_KEY)
  t.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.match(first.JWT_PRIVATE_KEY, /^-----BEGIN PRIVATE KEY-----\n/)
  t.equal(Buffer.from(first.OTP_PEPPER, 'base64').length, 32)
  t.equal((await stat(join(directory, 'secrets.json'))).mode & 0o777, 0o600)
})

t.test('differ from one directory to another', async (t) => {
  const [one, other] = [await loadOrCreateSecrets(t.testdir({})), await loadOrCreateSecrets(join(t.testdirName, 'b'))]
  t.not(one.OTP_PEPPER, other.OTP_PEPPER)
  t.not(one.JWT_PRIVATE_KEY, other.JWT_PRIVATE_KEY)
})

t.test('a damaged file is named and stays as it is', async (t) => {
  const { OTP_PEPPER, JWT_PRIVATE_KEY } = await loadOrCreateSecrets(join(t.testdir(), 'sound'))
  const damaged = {
    'not JSON': '{"JWT_PRIVATE_KEY": "-----BEG',
    empty: '',
    'nothing in it': '{}',
    'no key': JSON.stringify({ OTP_PEPPER }),
    'no pepper': JSON.stringify({ JWT_PRIVATE_KEY }),
    'a short pepper': JSON.stringify({ JWT_PRIVATE_KEY, OTP_PEPPER: 'c2hvcnQ=' }),
  }
  const path = join(t.testdirName, 'secrets.json')
  for (const [what, content] of Object.entries(damaged)) {
    await writeFile(path, content)
    await t.rejects(loadOrCreateSecrets(t.testdirName), { message: `${path} is damaged` }, what)
    t.equal(await readFile(path, 'utf8'), content)
  }
})
