// The environment that the service gets in development: .env, an embedded database, generated secrets.
import { join } from 'node:path'
import { loadEnvironmentFile } from '../config/environment-file.js'
import { ensureDatabase } from './postgres-query.js'
import { startPostgresServer } from './postgres-server.js'
import { addressFrom, originFor } from './readiness.js'
import { loadOrCreateSecrets } from './secrets.js'

const database = 'latchkey'

export type DevelopmentEnvironment = {
  environment: Record<string, string>
  databaseIsEmbedded: boolean
  /** Ends our use of the embedded server, if there is one. */
  stop(): Promise<void>
}

export type DevelopmentOptions = { projectDirectory: string; onProgress: (line: string) => void }

/**
 * What is set in the real environment or in `.env` stays; what the service needs besides is filled in. Rejects with
 * one line when the embedded database can't start or the kept secrets are damaged.
 */
export async function prepareDevelopmentEnvironment(options: DevelopmentOptions): Promise<DevelopmentEnvironment> {
  const { projectDirectory, onProgress } = options
  loadEnvironmentFile(join(projectDirectory, '.env'))
  const isMissing = (name: string) => !process.env[name] && !process.env[`${name}_FILE`]

  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value
  if (!environment['NODE_ENV']) environment['NODE_ENV'] = 'development'
  const secrets = await loadOrCreateSecrets(join(projectDirectory, '.data'))
  for (const [name, value] of Object.entries(secrets)) if (isMissing(name)) environment[name] = value
  if (isMissing('PASSKEY_RP_ID') && isMissing('PASSKEY_ORIGINS')) Object.assign(environment, passkeysAt(environment))

  const databaseIsEmbedded = isMissing('DATABASE_URL')
  if (!databaseIsEmbedded) return { environment, databaseIsEmbedded, stop: async () => undefined }

  const server = await startPostgresServer({ projectDirectory, name: 'postgres', onProgress })
  if (server.reused) onProgress('Using the PostgreSQL server that is running already')
  try {
    await ensureDatabase(server.adminUrl, database)
  } catch (error) {
    await server.stop()
    throw error
  }
  environment['DATABASE_URL'] = server.urlOf(database)
  return { environment, databaseIsEmbedded, stop: server.stop }
}

/** Settings of passkeys for the page as `bannerFor` names it, and as PUBLIC_URL does; none where that is at another host. */
function passkeysAt(environment: Record<string, string>): Record<string, string> {
  const own = originFor(addressFrom(environment).port)
  const page = environment['PUBLIC_URL'] || own
  if (!URL.canParse(page) || new URL(page).hostname !== 'localhost') return {}
  const origins = new Set([own, new URL(page).origin])
  return { PASSKEY_RP_ID: 'localhost', PASSKEY_ORIGINS: [...origins].join() }
}
