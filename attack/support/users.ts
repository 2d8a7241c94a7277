// Users and admins for attacks on /users.

import type { Attack, AttackContext } from './context.js'
import { type SignedIn, signIn } from './flows.js'
import type { AskOptions } from './http.js'

const routes = ['GET /users/{id}', 'PATCH /users/{id}', 'DELETE /users/{id}', 'GET /users', 'POST /users']
const needs = { routes }
/** the id of no user */
export const nobody = '01890000-0000-7000-8000-000000000000'

/** a request of this person */
export const as = ({ token }: SignedIn, json?: unknown): AskOptions => ({
  headers: { authorization: `Bearer ${token}` },
  ...(json !== undefined && { json }),
})
/** signs somebody new in */
export const join = ({ service, flow }: AttackContext) => signIn(service, flow, flow.newPerson())

export async function joinAsAdmin(context: AttackContext): Promise<SignedIn> {
  const admin = await join(context)
  await context.service.grey.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [admin.userId])
  return admin
}

/** An attack on the calls under /users; skipped where they are missing. */
export function attack(id: string, tried: string, run: Attack['run']): Attack {
  return { id, tried, flows: ['phone'], needs, run }
}
