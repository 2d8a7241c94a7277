// better-auth's phone number plugin. A session is shown by its cookie, which costs it less than its plugin for Bearer tokens.

import type { Connection, HttpAnswer } from './connection.js'
import { bodyOf, type Dialect, expectMembers, forwardedFor } from './dialect.js'
import { internationalOf, type MobileNumber } from './numbers.js'

async function send(connection: Connection, number: MobileNumber): Promise<void> {
  const path = '/api/auth/phone-number/send-otp'
  const answer = await connection.ask({
    method: 'POST',
    path,
    headers: forwardedFor(number),
    body: { phoneNumber: internationalOf(number) },
  })
  expectMembers(bodyOf(answer, 200), { message: 'code sent' })
}

function verify(connection: Connection, number: MobileNumber, code: string): Promise<HttpAnswer> {
  const path = '/api/auth/phone-number/verify'
  return connection.ask({
    method: 'POST',
    path,
    headers: forwardedFor(number),
    body: { phoneNumber: internationalOf(number), code },
  })
}

/** The session's cookie as a client sends it back. */
function cookieOf({ head }: HttpAnswer): string {
  const cookie = /\r\nset-cookie: *(better-auth\.session_token=[^;\r]+)/i.exec(head)?.[1]
  if (cookie === undefined) throw new Error(`no session cookie in ${head}`)
  return cookie
}

async function signIn(connection: Connection, number: MobileNumber, code: string): Promise<string> {
  const answer = await verify(connection, number, code)
  expectMembers(bodyOf(answer, 200), { status: true, 'user.phoneNumber': internationalOf(number) })
  return cookieOf(answer)
}

export const betterAuthDialect: Dialect = {
  send,
  verify: signIn,
  sendToNewcomer: send,

  // It answers newcomers as it answers others; the count of users tells whether it made one.
  async signUp(connection, number, code) {
    await signIn(connection, number, code)
  },

  async guessWrong(connection, number, code) {
    expectMembers(bodyOf(await verify(connection, number, code), 400), { code: 'INVALID_OTP' })
  },

  async me(connection, credential, number) {
    const headers = { cookie: credential, ...forwardedFor(number) }
    const answer = await connection.ask({ method: 'GET', path: '/api/auth/get-session', headers })
    expectMembers(bodyOf(answer, 200), { 'user.phoneNumber': internationalOf(number) })
  },
}
