// What every generated client has to do here, so that all are held to the same.

/** Of an answer: its status, and what a check looks at. */
export type Seen = Readonly<{ status: number; [member: string]: unknown }>

export type DrivenClient = Readonly<{
  /** Asks for a code by the mobile flow. */
  sendOtp: (mobile_number: string) => Promise<{ otp: string; expiresIn: number }>
  /** Checks it; `isNewUser` tells a token and a proof for signup apart. */
  verifyOtp: (mobile_number: string, otp: string) => Promise<{ token?: string; signupToken?: string }>
  signUp: (mobile_number: string, signup_token: string) => Promise<{ token: string; userName: string | null }>
  /** The identifier flow: asks for a code and checks it. */
  signInByEmail: (email: string) => Promise<{ token: string; isNewUser: boolean }>
  signInByPhone: (phone: string) => Promise<{ token: string; isNewUser: boolean }>
  /** The code of the error of a wrong guess, of which the type says which ones there are. */
  guessWrong: (email: string) => Promise<'otp_invalid' | 'other'>
  /** The field at fault of a body that is not valid. */
  sendTo: (mobile_number: string) => Promise<Seen>
  me: (token: string) => Promise<Seen>
  refresh: (token: string) => Promise<string>
  logout: (token: string) => Promise<Seen>
}>

export const home = {
  user_name: 'Asha Rao',
  house_number: '12B',
  street_locality: 'MG Road',
  city: 'Bengaluru',
  state: 'Karnataka',
  pincode: '560001',
}

/** What has to be there, or the run ends. */
export function there<Value>(value: Value | null | undefined, what: string): Value {
  if (value === null || value === undefined) throw new Error(`there is no ${what}`)
  return value
}
