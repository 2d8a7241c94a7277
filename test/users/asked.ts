// What is asked of every route, for the tests that walk through all of them (docs/authorization.md).

/** With these every route is there that any setting brings. */
export const settings = {
  INTROSPECTION_TOKEN: 'a-token-of-thirty-two-bytes-and-more',
  METRICS_TOKEN: 'another-token-of-thirty-two-bytes-and-more',
  SMS_DRIVERS: 'twilio,webhook',
  SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
  TWILIO_FROM: '+14155550100',
  PUBLIC_URL: 'https://login.example.com',
  JWT_ISSUER: 'https://login.example.com',
  PASSKEY_RP_ID: 'login.example.com',
  PASSKEY_ORIGINS: 'https://login.example.com',
}

let count = 0
export const newEmail = () => `person${++count}@example.com`

export const home = {
  house_number: '1',
  street_locality: 'MG Road',
  city: 'Pune',
  state: 'Maharashtra',
  pincode: '411001',
}

/** Of the right form, and signed by nobody. */
const passkeyAnswer = (response: object) => ({
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: 'AAAA', ...response },
})

/** What is asked of routes for signed-in people, where an empty body would say nothing. */
export const bodies: Readonly<Record<string, () => object>> = {
  'POST /api-keys': () => ({ name: 'Orders', scopes: ['users:read'] }),
  'POST /users': () => ({ email: newEmail() }),
  'PATCH /users/:id': () => ({ user_name: 'Asha' }),
  'POST /users/:id/unlock': () => ({ reason: 'Asked' }),
  'POST /operations/countries/:country/open': () => ({ reason: 'Asked' }),
  'POST /users/me/addresses': () => home,
  'PATCH /users/me/addresses/:id': () => ({ city: 'Mumbai' }),
  'POST /users/me/step-up/verify': () => ({ otp: '000000' }),
  'POST /auth/passkeys/registration/verify': () => ({ response: passkeyAnswer({ attestationObject: 'AAAA' }) }),
  'POST /users/me/step-up/passkey/verify': () => ({
    response: passkeyAnswer({ authenticatorData: 'AAAA', signature: 'AAAA' }),
  }),
  'PATCH /users/me/passkeys/:id': () => ({ name: 'Phone' }),
  'POST /users/me/identifiers': () => ({ email: newEmail() }),
  'POST /users/me/identifiers/verify': () => ({ email: newEmail(), otp: '000000' }),
}

export function urlOf(path: string, id: string): string {
  return path.replace(':id', id).replace(':method', 'email').replace(':country', 'IN')
}

/** In the order of the table: by path, then by method. */
export function byPath(one: string, other: string): number {
  const key = (route: string) => route.split(' ').reverse().join(' ')
  return key(one) < key(other) ? -1 : 1
}
