// Development's own secrets: made once and kept, so that sessions and codes outlive a restart.
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLockFile } from './lock-file.js'

const pepperBytes = 32

export type Secrets = { JWT_PRIVATE_KEY: string; OTP_PEPPER: string }

/**
 * The secrets kept in `<directory>/secrets.json` (mode 0600), created with the file when there is none: a P-256 key as
 * PKCS#8 PEM and 32 random bytes as base64. Rejects, naming the file, when it holds anything else.
 */
export async function loadOrCreateSecrets(directory: string): Promise<Secrets> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, 'secrets.json')
  return withLockFile(`${path}.lock`, async () => (await load(path)) ?? (await create(path)))
}

async function load(path: string): Promise<Secrets | undefined> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (content === undefined) return undefined
  const secrets = parse(content)
  if (secrets) return secrets
  throw new Error(`${path} is damaged: restore it, or delete it to get new secrets (which ends all sessions)`)
}

function parse(content: string): Secrets | undefined {
  try {
    const { JWT_PRIVATE_KEY, OTP_PEPPER } = JSON.parse(content) as Secrets
    const curve = createPrivateKey(JWT_PRIVATE_KEY).asymmetricKeyDetails?.namedCurve
    const isSound = curve === 'prime256v1' && Buffer.from(OTP_PEPPER, 'base64').length === pepperBytes
    return isSound ? { JWT_PRIVATE_KEY, OTP_PEPPER } : undefined
  } catch {
    return undefined
  }
}

async function create(path: string): Promise<Secrets> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secrets = {
    JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    OTP_PEPPER: randomBytes(pepperBytes).toString('base64'),
  }
  // Written aside and renamed: a crash halfway leaves no half file behind.
  await writeFile(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return secrets
}
