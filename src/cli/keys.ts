// Prints new secrets in the form of settings: `npm run keys`.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { defineCommand, runIfMain, type WorkContext } from './command.js'

export const keysCommand = defineCommand(
  { script: 'keys', summary: 'Prints new secrets in the form of settings.' },
  printKeys,
)

async function printKeys({ print }: WorkContext): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  print(`JWT_PRIVATE_KEY=${inOneWord(privateKey.export({ type: 'pkcs8', format: 'pem' }))}`)
  print('# Its public half, for JWT_PREVIOUS_PUBLIC_KEYS before and after a rotation:')
  print(`# JWT_PREVIOUS_PUBLIC_KEYS=${inOneWord(publicKey.export({ type: 'spki', format: 'pem' }))}`)
  print(`OTP_PEPPER=${randomBytes(32).toString('base64')}`)
  print(`EVENT_KEY=${randomBytes(32).toString('base64')}`)
  print(`SENDER_WEBHOOK_SECRET=whsec_${randomBytes(32).toString('base64')}`)
  return 0
}

/** PEM in base64: no spaces, quotes or line breaks, which each reader of such files takes in another way. */
function inOneWord(pem: string | Buffer): string {
  return Buffer.from(pem.toString().trim()).toString('base64')
}

await runIfMain(import.meta.url, keysCommand)
