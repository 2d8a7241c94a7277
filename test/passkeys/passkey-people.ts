// People with passkeys, for the tests of them.
import { randomBytes } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { newId } from '../../src/database/ids.js'
import type { Answer, TestApp } from '../support/app.js'
import { Authenticator, type Lies } from '../support/authenticator.js'
import type { Person } from '../users/people.js'

export const origin = 'https://login.example.com'

/** With which there are passkeys. */
export const passkeySettings = {
  PUBLIC_URL: origin,
  PASSKEY_RP_ID: 'example.com',
  PASSKEY_ORIGINS: `${origin},android:apk-key-hash:${'a'.repeat(43)}`,
}

/** Makes a passkey in the session of this person. */
export async function register(
  person: Person,
  authenticator = new Authenticator(origin),
  lies: Lies = {},
  name?: string,
) {
  const asked = await person.post('/auth/passkeys/registration/options')
  const body = { response: authenticator.create(asked.body.data.options, lies), ...(name !== undefined && { name }) }
  const answer = await person.post('/auth/passkeys/registration/verify', body)
  return { authenticator, asked, answer }
}

/** Signs in as a client without cookies does. */
export async function signIn(
  service: TestApp,
  authenticator: Authenticator,
  lies: Lies = {},
  more: object = {},
  request: InjectOptions = {},
): Promise<Answer> {
  const { body } = await service.post('/auth/passkeys/authentication/options', {})
  const { options, challenge_token } = body
  const payload = { response: authenticator.get(options, lies), challenge_token, ...more }
  return service.post('/auth/passkeys/authentication/verify', payload, request)
}

/** Steps up in the session of this person. */
export async function stepUp(person: Person, authenticator: Authenticator, lies: Lies = {}): Promise<Answer> {
  const { body } = await person.post('/users/me/step-up/passkey/options')
  return person.post('/users/me/step-up/passkey/verify', { response: authenticator.get(body.data.options, lies) })
}

/** A passkey that nobody can use, straight in the database; its id. */
export async function insertPasskey({ database }: Pick<TestApp, 'database'>, userId: string): Promise<string> {
  const kind = { deviceType: 'single_device', backedUp: false, aaguid: userId, name: 'Key' } as const
  const key = { credentialId: randomBytes(16), publicKey: Buffer.from('key'), counter: 0n }
  return (await database.passkey.create({ data: { id: newId(), userId, ...key, ...kind } })).id
}
