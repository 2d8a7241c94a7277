// Locks people out, as strangers do, and knows how their own devices tell who they are.

import { type AttackContext, named } from './context.js'
import { type CallOptions, type Flow, type Person, type SignedIn, signIn, wrongCode } from './flows.js'
import { atOnce } from './http.js'
import { endCooldown, expireCode, forgetCodes } from './otp-rows.js'

/** Spends the whole budget of 20 wrong guesses, 4 on each of five codes, so that only the budget is in the way of the last one. */
export async function burnBudget(
  { service, flow }: Pick<AttackContext, 'service' | 'flow'>,
  person: Person,
): Promise<string> {
  let code = ''
  for (let round = 0; round < 5; round += 1) {
    // A live code would be sent again, with the guesses that are left in it.
    await expireCode(service.grey, person.identifier)
    await endCooldown(service.grey, person.identifier)
    code = await flow.sendForCode(person)
    await atOnce(4, (index) => flow.verify(person, wrongCode(code, index + 1)))
  }
  await endCooldown(service.grey, person.identifier)
  return code
}

/** How a device tells who it is: by cookie, or in the body. */
export const byCookie = (token: string): CallOptions => ({ headers: { cookie: `device=${token}` } })
export const inBody = (token: string): CallOptions => ({ fields: { device_token: token } })

/** A person who signed in on a device and was then locked out on the lane of everybody. */
export async function lockedOwner(
  context: AttackContext,
): Promise<{ person: Person; device: string; owner: SignedIn }> {
  const { service, flow } = context
  const person = flow.newPerson()
  const owner = await signIn(service, flow, person)
  if (owner.deviceToken === undefined) throw new Error('no device cookie or device_token came with the sign-in')
  // Whatever the first sign-in spent of the hour and the day.
  await forgetCodes(service.grey, person.identifier)
  await burnBudget(context, person)
  return { person, device: owner.deviceToken, owner }
}

export async function isLocked(
  { equal }: AttackContext,
  flow: Flow,
  person: Person,
  label: string,
  options?: CallOptions,
) {
  equal(label, named(await flow.send(person, options)), '429 rate_limited')
}
