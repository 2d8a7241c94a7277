// kubb (fetch): functions that answer `{status, data}`, typed by what goes well; errors have types of their own beside them.
import { setConfig } from '@kubb/plugin-client/clients/fetch'
import type {
  ErrorCode,
  Problem,
  RequestOtpRequest,
  SendOtp400,
  VerifyIdentifierOtp401,
} from '../generated/kubb/index.js'
import * as calls from '../generated/kubb/index.js'
import { type DrivenClient, home, there } from './driven.js'

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

export function connect(baseURL: string): DrivenClient {
  const json = { 'content-type': 'application/json' }
  setConfig({ baseURL })
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  const sending = { headers: json }

  async function signIn(who: RequestOtpRequest) {
    const { data: sent } = await calls.requestOtp(who, undefined, sending)
    const { data } = await calls.verifyIdentifierOtp({ ...who, otp: there(sent.otp, 'code') }, sending)
    return data
  }

  return {
    async sendOtp(mobile_number) {
      const { data } = await calls.sendOtp({ mobile_number }, undefined, sending)
      return { otp: there(data.otp, 'code'), expiresIn: data.expires_in }
    },
    async verifyOtp(mobile_number, otp) {
      const { data } = await calls.verifyOtp({ mobile_number, otp }, sending)
      return data.isNewUser ? { signupToken: data.signup_token } : { token: data.token }
    },
    async signUp(mobile_number, signup_token) {
      const { data } = await calls.signup({ mobile_number, signup_token, ...home }, sending)
      return { token: data.token, userName: data.user.user_name }
    },
    signInByEmail: (email) => signIn({ email }),
    signInByPhone: (phone) => signIn({ phonePrefix: '+91', phone }),
    async guessWrong(email) {
      const { status, data } = await calls.verifyIdentifierOtp({ email, otp: '000000' }, sending)
      return status === 401 ? codeOf(data as unknown as VerifyIdentifierOtp401) : 'other'
    },
    async sendTo(mobile_number) {
      const { status, data } = await calls.sendOtp({ mobile_number }, undefined, sending)
      const { code, fields } = data as unknown as SendOtp400
      return { status, code, pointer: fields?.[0]?.pointer }
    },
    async me(token) {
      const { status, data } = await calls.me(bearer(token))
      if (status !== 200) return { status }
      return { status, phone: data.data.phone, addresses: data.data.addresses.length }
    },
    async refresh(token) {
      const { data } = await calls.refresh(bearer(token))
      return data.token
    },
    async logout(token) {
      const { status } = await calls.logout(bearer(token))
      return { status }
    },
  }
}
