// The mobile flow in a browser: new people fill in a form.
import assert from 'node:assert/strict'
import { afterAll, newPhone, newVisitor, startService, test } from './support.js'

const { origin, stop } = await startService({ OTP_RESEND_COOLDOWN: '1' })
afterAll(stop)

const form = {
  user_name: 'Asha Rao',
  house_number: '12B',
  street_locality: 'MG Road',
  pincode: '560 001',
  city: 'Bengaluru',
  state: 'Karnataka',
}

test('somebody new proves a number, fills in the form, and is known the next time', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ flow: 'mobile', name: 'Acme' })
  const phone = newPhone()
  await visitor.type('#identifier', `0${phone.slice(0, 5)} ${phone.slice(5)}`)
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode())
  await visitor.see('Create your account')
  await visitor.click('.primary')
  await visitor.see('Please fill this in.')
  for (const [name, text] of Object.entries({ ...form, pincode: '56000' })) await visitor.type(`#${name}`, text)
  await visitor.click('.primary')
  await visitor.see('A PIN code has 6 digits.')
  await visitor.type('#pincode', form.pincode)
  await visitor.click('.primary')
  await visitor.see('Your account')
  await visitor.see('12B, MG Road')
  await visitor.clickText('Sign out')
  await visitor.type('#identifier', phone)
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode(2))
  await visitor.see('Asha Rao')
  await visitor.leave()
})

test('what the service finds wrong in the form stands at its field', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ flow: 'mobile' })
  await visitor.type('#identifier', newPhone())
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode())
  // A blank of braille is a character that nobody sees, which the service alone knows.
  for (const [name, text] of Object.entries({ ...form, city: '⠀' })) await visitor.type(`#${name}`, text)
  await visitor.click('.primary')
  await visitor.see('Please check what you entered.')
  await visitor.find('#city[aria-invalid]')
  await visitor.leave()
})

test('there is no switch, and the country is said, not asked', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ flow: 'mobile' })
  assert.match(await visitor.textOf('span.prefix'), /\+91/)
  assert.equal(await visitor.page.$('>>> .switch'), null)
  await visitor.leave()
})
