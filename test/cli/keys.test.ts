// `latchkey keys new`: what it prints can be used as it stands, and one run's public half announces the next key.
import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { runCommand } from '../support/command.js'

async function printed(): Promise<string[]> {
  const { code, output } = await runCommand(['keys', 'new'])
  t.equal(code, 0)
  return output
}

const toSettings = (lines: string[]) =>
  Object.fromEntries(lines.map((line) => /^([A-Z_]+)=(.*)$/.exec(line)?.slice(1) ?? []))

t.test('settings of a production that starts, and the next key announced by its public half', async (t) => {
  const [now, next] = [await printed(), await printed()]
  t.strictSame(
    now.map((line) => line.replace(/=.*/, '')),
    [
      'JWT_PRIVATE_KEY',
      '# Its public half, for JWT_PREVIOUS_PUBLIC_KEYS before and after a rotation:',
      '# JWT_PREVIOUS_PUBLIC_KEYS',
      'OTP_PEPPER',
      'EVENT_KEY',
      'SENDER_WEBHOOK_SECRET',
    ],
  )
  t.ok(
    now.every((line) => line.startsWith('#') || /^[A-Z_]+=[\w+/=]+$/.test(line)),
    'no quotes, no spaces in a value',
  )
  const announced = next.filter((line) => line.startsWith('# JWT')).map((line) => line.slice(2))
  const config = parseConfig({
    ...toSettings([...now.filter((line) => !line.startsWith('#')), ...announced]),
    DATABASE_URL: 'postgresql://localhost/none',
    SMS_DRIVERS: 'webhook',
    EMAIL_DRIVERS: 'webhook',
    SENDER_WEBHOOK_URL: 'https://gateway.example.com/',
  })
  const [nextPublic] = config.sessions.previousPublicKeys
  const { JWT_PRIVATE_KEY: nextKey = '' } = toSettings(next)
  const pemOf = (key: ReturnType<typeof createPublicKey> | undefined) => key?.export({ type: 'spki', format: 'pem' })
  t.equal(pemOf(nextPublic), pemOf(createPublicKey(Buffer.from(nextKey, 'base64').toString())))
})
