// Prints new secrets in the form of settings: `npm run keys`.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type CommandContext, runIfMain } from './command.js'

export async function keysCommand({ print }: CommandContext): Promise<number> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim()
  // In base64: no spaces, quotes or line breaks, which each reader of such files takes in another way.
  print(`JWT_PRIVATE_KEY=${Buffer.from(pem).toString('base64')}`)
  print(`OTP_PEPPER=${randomBytes(32).toString('base64')}`)
  print(`SENDER_WEBHOOK_SECRET=whsec_${randomBytes(32).toString('base64')}`)
  return 0
}

await runIfMain(import.meta.url, keysCommand)
