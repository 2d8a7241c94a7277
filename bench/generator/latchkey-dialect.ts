// The service's own API, and the ceiling's, which has the same routes. The mobile flow for people with an account, the
// identifier flow for newcomers, whom it signs up with their code alone.
import type { Connection, HttpAnswer } from './connection.js'
import { bodyOf, type Dialect, expectMembers, forwardedFor, textOf } from './dialect.js'
import { internationalOf, type MobileNumber } from './numbers.js'

function post(connection: Connection, path: string, number: MobileNumber, body: object): Promise<HttpAnswer> {
  return connection.ask({ method: 'POST', path, headers: forwardedFor(number), body })
}

const split = (number: MobileNumber) => ({ phonePrefix: '+91', phone: number })

export const latchkeyDialect: Dialect = {
  async send(connection, number) {
    const answer = await post(connection, '/api/auth/send-otp', number, { mobile_number: number })
    expectMembers(bodyOf(answer, 200), { success: true, message: 'OTP sent successfully' })
  },

  async verify(connection, number, code) {
    const answer = await post(connection, '/api/auth/verify-otp', number, { mobile_number: number, otp: code })
    const body = bodyOf(answer, 200)
    expectMembers(body, { success: true, isNewUser: false, 'user.phone': internationalOf(number) })
    return textOf(body, 'token')
  },

  async sendToNewcomer(connection, number) {
    const answer = await post(connection, '/auth/request-otp', number, split(number))
    expectMembers(bodyOf(answer, 200), { message: 'OTP sent' })
  },

  async signUp(connection, number, code) {
    const answer = await post(connection, '/auth/verify-otp', number, { ...split(number), otp: code })
    const body = bodyOf(answer, 200)
    expectMembers(body, { isNewUser: true, 'user.phone': internationalOf(number) })
    textOf(body, 'token')
  },

  async guessWrong(connection, number, code) {
    const answer = await post(connection, '/api/auth/verify-otp', number, { mobile_number: number, otp: code })
    expectMembers(bodyOf(answer, 401), { code: 'otp_invalid' })
  },

  async me(connection, credential, number) {
    const headers = { authorization: `Bearer ${credential}`, ...forwardedFor(number) }
    const answer = await connection.ask({ method: 'GET', path: '/api/auth/me', headers })
    expectMembers(bodyOf(answer, 200), {
      success: true,
      'data.phone': internationalOf(number),
      'data.addresses.length': 0,
    })
  },
}
