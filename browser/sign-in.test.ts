// The identifier flow in a browser.
import assert from 'node:assert/strict'
import { afterAll, newEmail, newPhone, newVisitor, startService, test } from './support.js'

const { origin, stop } = await startService({ SMS_COUNTRIES: 'IN,US,CA,GB,DE,BR,JP', OTP_RESEND_COOLDOWN: '2' })
afterAll(stop)

test('a new person signs in by phone', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ name: 'Acme', country: 'IN' })
  await visitor.see('Sign in to Acme')
  await visitor.type('#identifier', newPhone())
  await visitor.click('.primary')
  await visitor.see('Enter the code')
  await visitor.type('#code', await visitor.lastCode())
  await visitor.see('Your account is ready')
  await visitor.leave()
})
