// orval (fetch): functions that answer `{status, data}`, of which the status tells the type of the data.

import type { ErrorCode, Problem, RequestOtpRequest } from '../generated/orval/client.js'
import * as calls from '../generated/orval/client.js'
import { type DrivenClient, home, there } from './driven.js'
import { service } from './orval-fetch.js'

function codeOf(problem: Problem): 'otp_invalid' | 'other' {
  switch (problem.code as ErrorCode) {
    case 'otp_invalid':
      return 'otp_invalid'
    // @ts-expect-error -- no code of the service
    case 'otp_invlid':
      return 'other'
    default:
      return 'other'
  }
}

// @ts-expect-error -- nobody is named
const nobody: RequestOtpRequest = {}
void nobody

export function connect(url: string): DrivenClient {
  service.url = url
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  async function signIn(who: RequestOtpRequest) {
    const sent = await calls.requestOtp(who)
    const otp = sent.status === 200 ? sent.data.otp : undefined
    const answer = await calls.verifyIdentifierOtp({ ...who, otp: there(otp, 'code') })
    return there(answer.status === 200 ? answer.data : undefined, 'answer')
  }

  return {
    async sendOtp(mobile_number) {
      const { status, data } = await calls.sendOtp({ mobile_number })
      const sent = there(status === 200 ? data : undefined, 'answer')
      return { otp: there(sent.otp, 'code'), expiresIn: sent.expires_in }
    },
    async verifyOtp(mobile_number, otp) {
      const { status, data } = await calls.verifyOtp({ mobile_number, otp })
      const result = there(status === 200 ? data : undefined, 'answer')
      return result.isNewUser ? { signupToken: result.signup_token } : { token: result.token }
    },
    async signUp(mobile_number, signup_token) {
      const { status, data } = await calls.signup({ mobile_number, signup_token, ...home })
      const { token, user } = there(status === 201 ? data : undefined, 'answer')
      return { token, userName: user.user_name }
    },
    signInByEmail: (email) => signIn({ email }),
    signInByPhone: (phone) => signIn({ phonePrefix: '+91', phone }),
    async guessWrong(email) {
      const { status, data } = await calls.verifyIdentifierOtp({ email, otp: '000000' })
      return status === 401 ? codeOf(data) : 'other'
    },
    async sendTo(mobile_number) {
      const { status, data } = await calls.sendOtp({ mobile_number })
      return status === 400 ? { status, code: data.code, pointer: data.fields?.[0]?.pointer } : { status }
    },
    async me(token) {
      const { status, data } = await calls.me(bearer(token))
      return status === 200 ? { status, phone: data.data.phone, addresses: data.data.addresses.length } : { status }
    },
    async refresh(token) {
      const { status, data } = await calls.refresh(bearer(token))
      return there(status === 200 ? data : undefined, 'answer').token
    },
    async logout(token) {
      const { status } = await calls.logout(bearer(token))
      return { status }
    },
  }
}
