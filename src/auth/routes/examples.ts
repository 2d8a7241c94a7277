// The example values of the OpenAPI document: one person signs in through all of them.
import { AddressSchema } from '../../users/address.js'
import { UserSchema } from '../../users/user.js'

const [user] = UserSchema.examples
const [address] = AddressSchema.examples

/** Not a real one; its three parts say what is in it. */
const token = 'eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIuLi4iLCJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl'
const signup_token = 'Zk3p0cV9m1Hq7uQe5y2XwB8nRt4LsGdJa6TiOvCbEfU'
const mobile_number = '9876543210'
const sent = { expires_in: 300, resend_after: 30, attempts_allowed: 5 }

export const examples = {
  token,
  otp: '123456',
  signup_token,
  mobile_number,
  sent,
  identifiers: [{ phonePrefix: '+91', phone: mobile_number }, { email: 'asha@example.com' }],
  mobileSent: { success: true, message: 'OTP sent successfully', ...sent },
  identifierSent: { message: 'OTP sent', ...sent },
  mobileSignedIn: { success: true, isNewUser: false, user, token },
  newcomer: {
    success: true,
    isNewUser: true,
    message: 'User not found, please proceed to signup',
    mobile_number,
    signup_token,
  },
  signup: {
    mobile_number,
    user_name: 'Asha Rao',
    house_number: '12B',
    street_locality: 'MG Road',
    city: 'Bengaluru',
    state: 'Karnataka',
    pincode: '560001',
    signup_token,
  },
  signedUp: { success: true, user, address, token },
  loggedOut: { success: true, message: 'Logged out successfully' },
  refreshed: { success: true, token },
  me: { ...user, addresses: [address] },
  introspected: {
    active: true,
    sub: user?.id,
    sid: '01976b9e-8a40-7c3b-9d1f-2f6f0c1a7e55',
    iss: 'latchkey',
    aud: 'latchkey',
    iat: 1_767_225_600,
    exp: 1_767_830_400,
    jti: 'b7c1f0de-53b1-4a52-9a6e-0a7b3f2f7c11',
    token_type: 'Bearer',
  },
  identifierSignedIn: { token, user, isNewUser: true },
}
