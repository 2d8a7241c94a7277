// The ways to sign in, each as its two calls, and identifiers that nobody has used.
let lastNumber = 9876500000
let lastEmail = 0
export const newNumber = () => String(++lastNumber)
export const newEmail = () => `person${++lastEmail}@example.com`

export type Flow = Readonly<{
  name: string
  newIdentifier: () => string
  send: string
  verify: string
  body: (identifier: string) => object
  /** whom messages go to */
  recipient: (identifier: string) => string
}>

const international = (number: string) => `+91${number}`
const identifierFlow = { send: '/auth/request-otp', verify: '/auth/verify-otp' }

export const mobile: Flow = {
  name: 'mobile',
  newIdentifier: newNumber,
  send: '/api/auth/send-otp',
  verify: '/api/auth/verify-otp',
  body: (mobile_number) => ({ mobile_number }),
  recipient: international,
}
export const phone: Flow = {
  ...identifierFlow,
  name: 'phone',
  newIdentifier: newNumber,
  body: (number) => ({ phonePrefix: '+91', phone: number }),
  recipient: international,
}
export const email: Flow = {
  ...identifierFlow,
  name: 'email',
  newIdentifier: newEmail,
  body: (address) => ({ email: address }),
  recipient: (address) => address,
}
