// What the element takes of @latchkey/client, from its sources: a bundle of both has each part once, and loads the solver of challenges
// when one comes.

export { countdown } from '../../client/src/countdown.js'
export { LatchkeyError, type ProofOfWork } from '../../client/src/errors.js'
export { type Client, type ClientOptions, createClient, type Solver } from '../../client/src/index.js'
export { autofillOtp } from '../../client/src/otp-input.js'
export type {
  Address,
  AddressForm,
  CodeSent,
  Me,
  Passkey,
  PhonePrefix,
  SessionInfo,
  SignupForm,
  User,
} from '../../client/src/types.js'
