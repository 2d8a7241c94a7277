// Drives one generated client against a running service: `drive.ts NAME URL`. Ends with 1 at the first answer that is not as expected.
import { deepStrictEqual } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import type { DrivenClient } from './driven.js'

const clients: Readonly<Record<string, () => Promise<{ connect: (url: string) => DrivenClient }>>> = {
  'hey-api': () => import('./hey-api.js'),
  'openapi-typescript': () => import('./openapi-fetch.js'),
  orval: () => import('./orval.js'),
  kubb: () => import('./kubb.js'),
}

const [name = '', url = ''] = process.argv.slice(2)
const client = (await clients[name]?.())?.connect(url)
if (client === undefined) throw new Error(`there is no client ${name}`)

/** Of nobody: the service is one in development, and sends nothing. */
const number = () => `98${String(randomInt(10 ** 8)).padStart(8, '0')}`
const email = () => `asha.${randomInt(10 ** 12)}@example.com`

// The mobile flow: a number without an account, then the same one with it.
const mobile = number()
const sent = await client.sendOtp(mobile)
deepStrictEqual(sent.expiresIn, 300, 'a code lives five minutes')
const proved = await client.verifyOtp(mobile, sent.otp)
deepStrictEqual(typeof proved.signupToken, 'string', 'a new number gets the proof for signup')
const signedUp = await client.signUp(mobile, String(proved.signupToken))
deepStrictEqual(signedUp.userName, 'Asha Rao')
deepStrictEqual(await client.me(signedUp.token), { status: 200, phone: `+91${mobile}`, addresses: 1 }, 'signed up')
deepStrictEqual((await client.logout(signedUp.token)).status, 200)
deepStrictEqual(await client.me(signedUp.token), { status: 401 }, 'after logout the token is good for nothing')
const again = await client.verifyOtp(mobile, (await client.sendOtp(mobile)).otp)
deepStrictEqual(typeof again.token, 'string', 'a known number is signed in')

// The identifier flow, with a token that is replaced.
const address = email()
const first = await client.signInByEmail(address)
deepStrictEqual(first.isNewUser, true)
const second = await client.signInByEmail(address)
deepStrictEqual(second.isNewUser, false)
const refreshed = await client.refresh(second.token)
deepStrictEqual(await client.me(refreshed), { status: 200, phone: null, addresses: 0 }, 'refreshed')
await client.logout(refreshed)
deepStrictEqual(await client.me(refreshed), { status: 401 }, 'logged out')
deepStrictEqual((await client.me(first.token)).status, 200, 'the other session goes on')
deepStrictEqual((await client.signInByPhone(number())).isNewUser, true, 'the other one of two bodies')

// Errors.
deepStrictEqual(await client.guessWrong(email()), 'otp_invalid', 'a wrong guess')
deepStrictEqual(await client.sendTo('12345'), { status: 400, code: 'validation_failed', pointer: '/mobile_number' })
