// @hey-api/openapi-ts: functions that answer `{data, error, response}`.
import { client } from '../generated/hey-api/client.gen.js'
import * as calls from '../generated/hey-api/sdk.gen.js'
import type { ErrorCode, Problem, RequestOtpRequest } from '../generated/hey-api/types.gen.js'
import { type DrivenClient, home, there } from './driven.js'

/** As an application would have it: a typo in a code does not compile. */
function codeOf(problem: Problem | undefined): 'otp_invalid' | 'other' {
  switch (problem?.code as ErrorCode) {
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

export function connect(baseUrl: string): DrivenClient {
  client.setConfig({ baseUrl })

  async function signIn(who: RequestOtpRequest) {
    const { data: sent } = await calls.requestOtp({ body: who })
    const { data } = await calls.verifyIdentifierOtp({ body: { ...who, otp: there(sent?.otp, 'code') } })
    return there(data, 'answer')
  }

  return {
    async sendOtp(mobile_number) {
      const { data } = await calls.sendOtp({ body: { mobile_number } })
      return { otp: there(data?.otp, 'code'), expiresIn: there(data, 'answer').expires_in }
    },
    async verifyOtp(mobile_number, otp) {
      const { data } = await calls.verifyOtp({ body: { mobile_number, otp } })
      const result = there(data, 'answer')
      return result.isNewUser ? { signupToken: result.signup_token } : { token: result.token }
    },
    async signUp(mobile_number, signup_token) {
      const { data } = await calls.signup({ body: { mobile_number, signup_token, ...home } })
      const { token, user } = there(data, 'answer')
      return { token, userName: user.user_name }
    },
    signInByEmail: (email) => signIn({ email }),
    signInByPhone: (phone) => signIn({ phonePrefix: '+91', phone }),
    async guessWrong(email) {
      const { error } = await calls.verifyIdentifierOtp({ body: { email, otp: '000000' } })
      return codeOf(error)
    },
    async sendTo(mobile_number) {
      const { error, response } = await calls.sendOtp({ body: { mobile_number } })
      return { status: there(response, 'response').status, code: error?.code, pointer: error?.fields?.[0]?.pointer }
    },
    // Whether a call sends the token, the generated code knows by the document's `security`.
    async me(token) {
      const { data, response } = await calls.me({ auth: token })
      const { status } = there(response, 'response')
      return data ? { status, phone: data.data.phone, addresses: data.data.addresses.length } : { status }
    },
    async refresh(token) {
      const { data } = await calls.refresh({ auth: token })
      return there(data, 'answer').token
    },
    async logout(token) {
      const { response } = await calls.logout({ auth: token })
      return { status: there(response, 'response').status }
    },
  }
}
