// The client's types, written by hand, are the service's: the compiler says so of schemas (`npm run check`), this test of routes.
import { readFile } from 'node:fs/promises'
import type { Static, TSchema } from '@sinclair/typebox'
import t from 'tap'
import type {
  Address,
  AddressForm,
  AnswerOf,
  BodyOf,
  DataOf,
  Passkey,
  Route,
  Routes,
  ServiceErrorCode,
  SessionInfo,
  SignupForm,
  User,
} from '../../../packages/client/src/index.js'
import type { addAddress } from '../../../src/account/address-schemas.js'
import type { selfServiceSchemas } from '../../../src/account/self-service-schemas.js'
import type { endMySessions, SessionSchema } from '../../../src/account/session-schemas.js'
import type { createExchangeCode, exchangeCode } from '../../../src/auth/routes/exchange-schemas.js'
import type { mobileSchemas } from '../../../src/auth/routes/mobile-schemas.js'
import type { logout, me, refresh } from '../../../src/auth/routes/session-schemas.js'
import type { ErrorCode } from '../../../src/errors.js'
import type { PasskeySchema } from '../../../src/passkeys/passkey.js'
import type { AddressSchema } from '../../../src/users/address.js'
import type { UserSchema } from '../../../src/users/user.js'
import { openApi } from '../../support/document.js'

type Mobile = ReturnType<typeof mobileSchemas>
type Self = ReturnType<typeof selfServiceSchemas>
/** What a route takes, and what it answers with this status. */
type Taken<Schemas extends { body: TSchema }> = Static<Schemas['body']>
type Answered<Schemas extends { response: object }, Status = 200> = Static<
  Extract<Schemas['response'][Status & keyof Schemas['response']], TSchema>
>
/** Of all members of a union; optional ones too, which assignability says nothing of. */
type KeysOf<Value> = Value extends unknown ? keyof Value : never
type SameKeys<One, Other> = [KeysOf<One>] extends [KeysOf<Other>]
  ? [KeysOf<Other>] extends [KeysOf<One>]
    ? true
    : never
  : never
/** Each is the other, member by member. */
type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? SameKeys<One, Other> : never) : never
/** What a client may send is what the service takes; of a choice of two the service's type says less. */
type Takes<Service, Client> = [Client] extends [never]
  ? never
  : [Client] extends [Service]
    ? SameKeys<Service, Client>
    : never
/** Every one of these is among those. */
type Among<All, Some> = [Some] extends [never] ? never : [Some] extends [All] ? true : never

/** `otp` is in answers where the settings say so alone, and in no static type. */
type Sent<Answer> = Omit<Answer, 'otp'>

// A line that does not compile names what is not the same.
const agreed = {
  user: true satisfies Same<User, Static<typeof UserSchema>>,
  address: true satisfies Same<Address, Static<typeof AddressSchema>>,
  passkey: true satisfies Same<Passkey, Static<typeof PasskeySchema>>,
  session: true satisfies Same<SessionInfo, Static<typeof SessionSchema>>,
  sendOtp: true satisfies Same<BodyOf<'POST /api/auth/send-otp'>['mode'], Taken<Mobile['sendOtp']>['mode']>,
  sendOtpBody: true satisfies Takes<Taken<Mobile['sendOtp']>, BodyOf<'POST /api/auth/send-otp'>>,
  sendOtpAnswer: true satisfies Takes<Sent<AnswerOf<'POST /api/auth/send-otp'>>, Answered<Mobile['sendOtp']>>,
  verifyOtpBody: true satisfies Same<Taken<Mobile['verifyOtp']>, BodyOf<'POST /api/auth/verify-otp'>>,
  verifyOtpAnswer: true satisfies Takes<AnswerOf<'POST /api/auth/verify-otp'>, Answered<Mobile['verifyOtp']>>,
  signupBody: true satisfies Same<Taken<Mobile['signup']>, SignupForm>,
  signupAnswer: true satisfies Same<AnswerOf<'POST /api/auth/signup'>, Answered<Mobile['signup'], 201>>,
  me: true satisfies Same<AnswerOf<'GET /api/auth/me'>, Answered<typeof me>>,
  refresh: true satisfies Same<AnswerOf<'POST /api/auth/refresh'>, Answered<typeof refresh>>,
  logout: true satisfies Takes<AnswerOf<'POST /api/auth/logout'>, Answered<typeof logout>>,
  stepUpBody: true satisfies Takes<Taken<Self['stepUp']>, BodyOf<'POST /users/me/step-up'>>,
  stepUpAnswer: true satisfies Same<Sent<DataOf<'POST /users/me/step-up'>>, Answered<Self['stepUp']>['data']>,
  proven: true satisfies Same<AnswerOf<'POST /users/me/step-up/verify'>, Answered<Self['verifyStepUp']>>,
  addBody: true satisfies Takes<Taken<Self['addIdentifier']>, BodyOf<'POST /users/me/identifiers'>>,
  verifyBody: true satisfies Takes<Taken<Self['verifyIdentifier']>, BodyOf<'POST /users/me/identifiers/verify'>>,
  verified: true satisfies Same<AnswerOf<'POST /users/me/identifiers/verify'>, Answered<Self['verifyIdentifier']>>,
  exchangeBody: true satisfies Same<Taken<typeof exchangeCode>, BodyOf<'POST /auth/exchange'>>,
  exchangeAnswer: true satisfies Same<AnswerOf<'POST /auth/exchange'>, Answered<typeof exchangeCode>>,
  codeBody: true satisfies Same<Taken<typeof createExchangeCode>, BodyOf<'POST /auth/exchange/codes'>>,
  codeAnswer: true satisfies Same<AnswerOf<'POST /auth/exchange/codes'>, Answered<typeof createExchangeCode, 201>>,
  addressBody: true satisfies Same<Taken<typeof addAddress>, AddressForm>,
  addressAnswer: true satisfies Same<AnswerOf<'POST /users/me/addresses'>, Answered<typeof addAddress, 201>>,
  ended: true satisfies Same<AnswerOf<'DELETE /users/me/sessions'>, Answered<typeof endMySessions>>,
  endOthers: true satisfies Same<
    Routes['DELETE /users/me/sessions']['query'],
    Static<typeof endMySessions.querystring> | undefined
  >,
  // A client may know codes of services to come.
  codes: true satisfies Among<ServiceErrorCode, ErrorCode>,
  // The second is none, and `request` would take it untyped.
  routes: true satisfies Among<Route, 'GET /api/auth/me'>,
}

t.test('the types are those of the service', async (t) => {
  t.ok(Object.values(agreed).every(Boolean), 'the compiler has said so')
})

/** Routes of other services and of admins, and what is not called from an application. */
const elsewhere = /introspect|\/users(\/\{id\}.*)?$/

t.test('every route that people use for themselves is typed, and none that there is not', async (t) => {
  const documented = Object.entries(openApi.paths)
    .filter(([path]) => /^\/(api\/)?(auth|users)/.test(path) && !elsewhere.test(path))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
  const text = await readFile('packages/client/src/types.ts', 'utf8')
  const typed = [...text.matchAll(/^ {2}'([A-Z]+ [^']+)':/gm)].map(([, route = '']) => route.replace(/:(\w+)/g, '{$1}'))
  const ofUser = typed.filter((route) => route.endsWith(' /users/me'))
  t.strictSame(ofUser, ['GET /users/me', 'PATCH /users/me', 'DELETE /users/me'], '{id} may be me')
  t.strictSame(typed.filter((route) => !ofUser.includes(route)).sort(), documented.sort())
})
