// A number that may have been given to somebody else, in a browser.
import { afterAll, newEmail, newPhone, newVisitor, startService, test, type Visitor } from './support.js'

const { origin, query, stop } = await startService({ RECYCLE_AFTER: '30d', OTP_RESEND_COOLDOWN: '1' })
afterAll(stop)

async function enterCode(visitor: Visitor): Promise<void> {
  const count = visitor.codes.length
  await visitor.click('form .primary')
  await visitor.type('#code', await visitor.lastCode(count + 1))
}

/** An account with both, which nobody has used for 40 days. */
async function oldAccount() {
  const visitor = await newVisitor(origin)
  const [email, phone] = [newEmail(), newPhone()]
  await visitor.open()
  await visitor.type('#identifier', email)
  await enterCode(visitor)
  await visitor.clickText('Add: Phone')
  await visitor.type('#identifier', phone)
  await enterCode(visitor)
  await visitor.see(`+91${phone}`)
  await visitor.leave()
  const ago = `- interval '40 days'`
  await query(
    `UPDATE users SET phone_used_at = phone_used_at ${ago}, phone_verified_at = phone_verified_at ${ago},
     email_used_at = email_used_at ${ago}, email_verified_at = email_verified_at ${ago} WHERE email = $1`,
    [email],
  )
  return { email, phone }
}

async function signInByPhone(phone: string): Promise<Visitor> {
  const visitor = await newVisitor(origin)
  await visitor.open()
  await visitor.type('#identifier', phone)
  await enterCode(visitor)
  await visitor.see('Is this account yours?')
  return visitor
}

test('its owner confirms the other one too, and is in', async () => {
  const { email, phone } = await oldAccount()
  const visitor = await signInByPhone(phone)
  await visitor.click('.primary')
  await visitor.see('Email address')
  await visitor.type('#identifier', email)
  await enterCode(visitor)
  await visitor.see('Your account')
  await visitor.see(email)
  await visitor.leave()
})

test('somebody else asks for an account of their own, and is told when', async () => {
  const { phone } = await oldAccount()
  const visitor = await signInByPhone(phone)
  await visitor.clickText('No, I want a new account')
  await visitor.see('You can have a new account in 72 hours. Then sign in here again.')
  await visitor.clickText('Back')
  await visitor.find('#identifier')
  await visitor.leave()
})
