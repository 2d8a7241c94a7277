// Sessions that a database was filled with, and tokens of them, signed as the service signs them.
import Fastify from 'fastify'
import { parseConfig } from '../../src/config/config.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { registerTokens } from '../../src/sessions/jwt-plugin.js'
import { createKeyRing } from '../../src/sessions/keys.js'
import { createRotation, internationalOf } from '../generator/numbers.js'
import type { SignedIn } from '../protocol.js'
import { serverSettings } from './settings.js'

/**
 * Sessions whose tokens `me` goes around in, in every database as many: five times what the service remembers of signatures, so
 * that each is verified whatever the size.
 */
const asked = 50_000

/** How many sessions a database of so many users is filled with: one each, and more where they are few. */
export function sessionsOf(users: number): number {
  return Math.max(users, Math.ceil(asked / users) * users)
}

/** Sessions of users from everywhere in the table, by chance in order. */
export async function readSignedIn(databaseUrl: string, users: number): Promise<SignedIn[]> {
  const { sessions } = parseConfig(serverSettings(databaseUrl, 'http://127.0.0.1/', 0, 1))
  const app = Fastify()
  const ring = createKeyRing(sessions.privateKey, sessions.previousPublicKeys)
  const tokens = await registerTokens(app, ring, sessions)
  const nextUser = createRotation(users)
  const phones = Array.from({ length: Math.min(users, asked) }, () => internationalOf(nextUser()))
  const { rows } = await withConnection(databaseUrl, (client) =>
    client.query<{ id: string; user: string; phone: string }>(
      `SELECT s.id, u.id AS user, u.phone FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.phone = ANY($1)
      ORDER BY sha256(s.id::text::bytea) LIMIT $2`,
      [phones, asked],
    ),
  )
  await app.close()
  return rows.map(({ id, user, phone }) => ({
    number: phone.replace('+91', ''),
    credential: tokens.issue(user, id, sessions.tokenTimeToLive),
  }))
}
