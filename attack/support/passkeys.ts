// Passkeys for attacks: an authenticator that tells every lie, and the calls that take its answers.
import { Authenticator, type Lies } from '../../test/support/authenticator.js'
import type { Service } from './fixtures.js'
import type { SignedIn } from './flows.js'
import type { Answer } from './http.js'
import { as } from './users.js'

export { Authenticator } from '../../test/support/authenticator.js'

export const page = 'https://login.example.com'
export const settings = { PUBLIC_URL: page, PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: page }
export const needs = { settings: ['PASSKEY_RP_ID'], routes: ['POST /auth/passkeys/authentication/verify'] }

type Options = Parameters<Authenticator['get']>[0]
const optionsIn = ({ body }: Answer) => (Object(body['data']).options ?? body['options']) as Options

/** Makes a passkey for somebody who is signed in. */
export async function register(
  service: Service,
  person: SignedIn,
  authenticator = new Authenticator(page),
  lies: Lies = {},
) {
  const asked = await service.ask('POST', '/auth/passkeys/registration/options', as(person))
  const response = authenticator.create(optionsIn(asked), lies)
  const answer = await service.ask('POST', '/auth/passkeys/registration/verify', as(person, { response }))
  return { authenticator, answer }
}

/** What a client without cookies is told to sign. */
export async function challengeOf(service: Service) {
  const answer = await service.ask('POST', '/auth/passkeys/authentication/options', { json: {} })
  return { options: optionsIn(answer), challenge_token: answer.body['challenge_token'] }
}

/** Shows an answer. */
export const show = (service: Service, json: object) =>
  service.ask('POST', '/auth/passkeys/authentication/verify', { json })

export async function signInBy(service: Service, authenticator: Authenticator, lies: Lies = {}): Promise<Answer> {
  const { options, challenge_token } = await challengeOf(service)
  return show(service, { response: authenticator.get(options, lies), challenge_token })
}

export async function stepUpBy(service: Service, person: SignedIn, authenticator: Authenticator): Promise<Answer> {
  const asked = await service.ask('POST', '/users/me/step-up/passkey/options', as(person))
  return service.ask(
    'POST',
    '/users/me/step-up/passkey/verify',
    as(person, { response: authenticator.get(optionsIn(asked)) }),
  )
}
