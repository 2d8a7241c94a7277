// openapi-typescript with openapi-fetch: paths and methods, typed by the document's paths.
import createClient from 'openapi-fetch'
import type { components, paths } from '../generated/openapi-typescript/schema.js'
import { type DrivenClient, home, there } from './driven.js'

type Problem = components['schemas']['Problem']
type ErrorCode = components['schemas']['ErrorCode']
type RequestOtpRequest = components['schemas']['RequestOtpRequest']

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
  const client = createClient<paths>({ baseUrl })
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  async function signIn(who: RequestOtpRequest) {
    const { data: sent } = await client.POST('/auth/request-otp', { body: who })
    const { data } = await client.POST('/auth/verify-otp', { body: { ...who, otp: there(sent?.otp, 'code') } })
    return there(data, 'answer')
  }

  return {
    async sendOtp(mobile_number) {
      const { data } = await client.POST('/api/auth/send-otp', { body: { mobile_number } })
      return { otp: there(data?.otp, 'code'), expiresIn: there(data, 'answer').expires_in }
    },
    async verifyOtp(mobile_number, otp) {
      const { data } = await client.POST('/api/auth/verify-otp', { body: { mobile_number, otp } })
      const result = there(data, 'answer')
      return result.isNewUser ? { signupToken: result.signup_token } : { token: result.token }
    },
    async signUp(mobile_number, signup_token) {
      const { data } = await client.POST('/api/auth/signup', { body: { mobile_number, signup_token, ...home } })
      const { token, user } = there(data, 'answer')
      return { token, userName: user.user_name }
    },
    signInByEmail: (email) => signIn({ email }),
    signInByPhone: (phone) => signIn({ phonePrefix: '+91', phone }),
    async guessWrong(email) {
      const { error } = await client.POST('/auth/verify-otp', { body: { email, otp: '000000' } })
      return codeOf(error)
    },
    async sendTo(mobile_number) {
      const { error, response } = await client.POST('/api/auth/send-otp', { body: { mobile_number } })
      return { status: response.status, code: error?.code, pointer: error?.fields?.[0]?.pointer }
    },
    async me(token) {
      const { data, response } = await client.GET('/api/auth/me', bearer(token))
      const { status } = response
      return data ? { status, phone: data.data.phone, addresses: data.data.addresses.length } : { status }
    },
    async refresh(token) {
      const { data } = await client.POST('/api/auth/refresh', bearer(token))
      return there(data, 'answer').token
    },
    async logout(token) {
      const { response } = await client.POST('/api/auth/logout', bearer(token))
      return { status: response.status }
    },
  }
}
