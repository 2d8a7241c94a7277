// The ways to sign in, as an attacker or a victim uses them: the mobile flow, and the identifier flow by phone and by email.
import { randomInt } from 'node:crypto'
import { remember } from './evidence.js'
import type { Service } from './fixtures.js'
import { type Answer, type AskOptions, textOf } from './http.js'

export type FlowName = 'mobile' | 'phone' | 'email'

/** Who signs in, and how they are written in each flow. */
export type Person = {
  /** canonical: what the database keeps and the gateway is told */
  identifier: string
  /** of the body of both calls */
  fields: Record<string, unknown>
}

/** What an attack adds to a call or puts in the place of its fields. */
export type CallOptions = { fields?: Record<string, unknown>; headers?: AskOptions['headers'] }

export type Flow = {
  name: FlowName
  sendPath: string
  verifyPath: string
  /** a phone or an address that nobody has used yet in this run */
  newPerson: () => Person
  send: (person: Person, options?: CallOptions) => Promise<Answer>
  verify: (person: Person, otp: unknown, options?: CallOptions) => Promise<Answer>
  /** sends and returns the code from the gateway */
  sendForCode: (person: Person, options?: CallOptions) => Promise<string>
}

export type SignedIn = { token: string; userId: string; deviceToken: string | undefined; answer: Answer }

const firstNumber = randomInt(0, 50_000)
const run = randomInt(0, 1_000_000_000).toString(36)
let people = 0

/** National number of a person: 98765 and five digits are mobile numbers, all of them. */
function newNumber(): string {
  people += 1
  const number = `98765${String((firstNumber + people) % 100_000).padStart(5, '0')}`
  remember('identifier', number)
  return number
}

function newEmail(): string {
  people += 1
  const email = `attack-${run}-${people}@example.com`
  remember('identifier', email)
  return email
}

export function personOf(name: FlowName, identifier?: string): Person {
  if (name === 'email') {
    const email = identifier ?? newEmail()
    return { identifier: email, fields: { email } }
  }
  const number = identifier?.slice(3) ?? newNumber()
  const fields = name === 'mobile' ? { mobile_number: number } : { phonePrefix: '+91', phone: number }
  return { identifier: `+91${number}`, fields }
}

export function createFlow(name: FlowName, { ask, gateway }: Service): Flow {
  const [sendPath, verifyPath] =
    name === 'mobile' ? ['/api/auth/send-otp', '/api/auth/verify-otp'] : ['/auth/request-otp', '/auth/verify-otp']
  const call = (path: string, fields: Record<string, unknown>, { fields: more, headers }: CallOptions) =>
    ask('POST', path, { json: { ...fields, ...more }, ...(headers && { headers }) })
  const flow: Flow = {
    name,
    sendPath,
    verifyPath,
    newPerson: () => personOf(name),
    send: (person, options = {}) => call(sendPath, person.fields, options),
    verify: (person, otp, options = {}) => call(verifyPath, { ...person.fields, otp }, options),
    async sendForCode(person, options) {
      const before = gateway.to(person.identifier).length
      const answer = await flow.send(person, options)
      // In strict mode the answer comes first.
      for (
        let wait = 0;
        gateway.to(person.identifier).length === before && answer.status === 200 && wait < 100;
        wait += 1
      )
        await new Promise((resolve) => setTimeout(resolve, 20))
      if (answer.status !== 200) throw new Error(`no code: ${answer.status} ${answer.text}`)
      return gateway.lastCode(person.identifier)
    },
  }
  return flow
}

export const signupForm = {
  user_name: 'Asha Rao',
  house_number: '12B',
  street_locality: 'MG Road',
  city: 'Bengaluru',
  state: 'Karnataka',
  pincode: '560001',
}

export function signUp(service: Service, person: Person, ticket: unknown, more: Record<string, unknown> = {}) {
  const json = { ...person.fields, ...signupForm, ...(ticket === undefined ? {} : { signup_token: ticket }), ...more }
  return service.ask('POST', '/api/auth/signup', { json })
}

/** Signs a person in with a code, signing them up where the flow asks for it. */
export async function signIn(
  service: Service,
  flow: Flow,
  person: Person,
  options: CallOptions = {},
): Promise<SignedIn> {
  const code = await flow.sendForCode(person, options)
  const verified = await flow.verify(person, code, options)
  const ticket = textOf(verified.body['signup_token'])
  const answer = ticket === undefined ? verified : await signUp(service, person, ticket)
  const token = textOf(answer.body['token'])
  if (token === undefined) throw new Error(`could not sign in: ${answer.status} ${answer.text}`)
  const userId = String(Object(answer.body['user']).id)
  const deviceToken =
    textOf(answer.body['device_token']) ?? answer.cookies['device'] ?? textOf(verified.body['device_token'])
  return { token, userId, deviceToken, answer }
}

/** Another code than this one, of the same length; `step` from 1 to 9 gives nine of them. */
export function wrongCode(code: string, step = 1): string {
  return [...code].map((digit) => (Number(digit) + step) % 10).join('')
}
