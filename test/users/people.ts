// People who are signed in, and what they ask: for the tests of /users.
import type { InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { nameKey } from '../../src/users/name.js'
import type { Answer, TestApp } from '../support/app.js'
import { forgetSends } from '../support/limits.js'

export type Person = Readonly<{
  id: string
  token: string
  get: (url: string) => Promise<Answer>
  post: (url: string, payload?: object) => Promise<Answer>
  patch: (url: string, payload?: object) => Promise<Answer>
  delete: (url: string) => Promise<Answer>
}>

/** The id of no user. */
export const nobody = '01890000-0000-7000-8000-000000000000'

/** Signs in by email, or by an Indian number such as +919876543210. */
export async function verify(service: TestApp, identifier: string): Promise<Answer> {
  const body = identifier.includes('@')
    ? { email: identifier }
    : { phonePrefix: '+91', phone: identifier.replace('+91', '') }
  await forgetSends(service.database)
  await service.post('/auth/request-otp', body)
  return service.post('/auth/verify-otp', { ...body, otp: service.lastCode(identifier) })
}

export async function join(service: TestApp, identifier: string): Promise<Person> {
  const { body } = await verify(service, identifier)
  const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const request: InjectOptions = { method, url, headers: { authorization: `Bearer ${body.token}` } }
    return service.ask({ ...request, ...(payload && { payload }) })
  }
  return {
    id: body.user.id,
    token: body.token,
    get: (url) => ask('GET', url),
    post: (url, payload) => ask('POST', url, payload),
    patch: (url, payload) => ask('PATCH', url, payload),
    delete: (url) => ask('DELETE', url),
  }
}

export async function joinAsAdmin(service: TestApp, identifier = 'admin@example.com'): Promise<Person> {
  const person = await join(service, identifier)
  await service.database.user.update({ where: { id: person.id }, data: { role: 'ADMIN' } })
  return person
}

/** Makes a user straight in the database. */
export function insertUser(service: TestApp, id: string, userName: string | null, identifiers: object) {
  return service.database.user.create({ data: { id, userName, nameKey: nameKey(userName ?? ''), ...identifiers } })
}

/** The session of whoever asks began so long ago that its proof is none any more. */
export function ageProofs(service: TestApp) {
  return service.database.$executeRaw`UPDATE sessions SET proved_at = now() - interval '16 minutes'`
}

/** All that a call about users could change; events and their counts aside. */
export function stored(database: Pick<TestApp['database'], '$queryRaw'>) {
  return database.$queryRaw<[object]>`
    SELECT (SELECT json_agg(u ORDER BY id) FROM users u) AS users, (SELECT json_agg(a ORDER BY id) FROM addresses a) AS addresses,
      (SELECT json_agg(s ORDER BY id) FROM sessions s) AS sessions, (SELECT json_agg(d ORDER BY id) FROM devices d) AS devices,
      (SELECT json_agg(o ORDER BY identifier, purpose) FROM otps o) AS otps,
      (SELECT json_agg(p ORDER BY id) FROM passkeys p) AS passkeys`
}

/** Holds what is stored against what was: as texts, since a comparison of tap writes down each value of both, and all people are in them. */
export function isUnchanged(t: Test, now: object, before: object, what: string): void {
  if (JSON.stringify(now) === JSON.stringify(before)) t.pass(what)
  else t.strictSame(now, before, what)
}
