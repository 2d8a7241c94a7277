// What a load needs to say to a server, whichever it is. Every function reads the whole answer and throws where it is not the
// right one for this very request.
import type { Connection, HttpAnswer } from './connection.js'
import { addressOf, type MobileNumber } from './numbers.js'

export type Dialect = Readonly<{
  /** Asks for a code, which then is in the gateway. */
  send: (connection: Connection, number: MobileNumber) => Promise<void>
  /** Signs in somebody who has an account; returns what `me` shows. */
  verify: (connection: Connection, number: MobileNumber, code: string) => Promise<string>
  /** Asks for a code in order to sign up. */
  sendToNewcomer: (connection: Connection, number: MobileNumber) => Promise<void>
  /** Makes the account of somebody who has none. */
  signUp: (connection: Connection, number: MobileNumber, code: string) => Promise<void>
  /** Guesses wrong at a live code. */
  guessWrong: (connection: Connection, number: MobileNumber, code: string) => Promise<void>
  /** @param credential of {@link verify}, and the number it belongs to */
  me: (connection: Connection, credential: string, number: MobileNumber) => Promise<void>
}>

/** What the proxy in front of a server adds to a request of this person. */
export function forwardedFor(number: MobileNumber): Record<string, string> {
  return { 'x-forwarded-for': addressOf(number) }
}

/** The body of an answer with this status, parsed. Throws where the status is another one. */
export function bodyOf(answer: HttpAnswer, status: number): Record<string, unknown> {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.body.slice(0, 300)}`)
  return Object(JSON.parse(answer.body)) as Record<string, unknown>
}

/** Throws unless the body has these members with these values; a path such as `user.phone` leads into it. */
export function expectMembers(body: Record<string, unknown>, members: Record<string, unknown>): void {
  for (const [path, expected] of Object.entries(members)) {
    const found = path.split('.').reduce<unknown>((value, name) => Reflect.get(Object(value), name), body)
    if (found === expected) continue
    throw new Error(`${path} is ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
  }
}

/** A member that is a text. Throws otherwise. */
export function textOf(body: Record<string, unknown>, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '') throw new Error(`${name} is missing in ${JSON.stringify(body)}`)
  return value
}
