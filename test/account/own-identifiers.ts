// People's own phones and emails, for the tests that change them.
import type { Answer, TestApp } from '../support/app.js'
import type { Person } from '../users/people.js'

export const [old, fresh] = ['+919876543210', '+919876543211']
export const email = 'asha@example.com'

export const nameOf = (identifier: string) => (identifier.includes('@') ? { email: identifier } : { phone: identifier })

/** Asks for a code to a new identifier and types it in. */
export async function change(service: TestApp, person: Person, identifier: string): Promise<Answer> {
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await person.post('/users/me/identifiers', nameOf(identifier))
  const otp = service.lastCode(identifier)
  return person.post('/users/me/identifiers/verify', { ...nameOf(identifier), otp })
}

/** What was told to whom of changes. */
export const noticesOf = (service: TestApp) =>
  service.messages.filter(({ code }) => code === undefined).map(({ to, text }) => `${to}: ${text}`)
