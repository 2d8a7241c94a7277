// What both entries have in common.
export type { Client, ClientOptions, Solver } from './client.js'
export { countdown } from './countdown.js'
export {
  type Challenge,
  type ClientErrorCode,
  type ErrorCode,
  type FieldError,
  LatchkeyError,
  type ProofOfWork,
  type ServiceErrorCode,
} from './errors.js'
export { autofillOtp, type OtpInput, otpInputAttributes, receiveOtp } from './otp-input.js'
export { createPkce } from './return.js'
export { memoryStorage, type TokenStorage } from './storage.js'
export type { SessionEvent, SessionListener } from './tabs.js'
export type * from './types.js'
