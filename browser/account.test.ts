// The account page: what people do for themselves.
import assert from 'node:assert/strict'
import { afterAll, newEmail, newPhone, newVisitor, startService, test, type Visitor } from './support.js'

const { origin, query, stop } = await startService({ OTP_RESEND_COOLDOWN: '60' })
afterAll(stop)

async function signIn(visitor: Visitor, email = newEmail()): Promise<string> {
  await visitor.open({ country: 'IN' })
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', email)
  const count = visitor.codes.length
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode(count + 1))
  await visitor.find('.section')
  return email
}

const focused = (visitor: Visitor) =>
  visitor.page.evaluate(() => document.querySelector('latchkey-sign-in')?.shadowRoot?.activeElement?.id)

test('the name is given, and the focus goes on where it was', async () => {
  const visitor = await newVisitor(origin)
  await signIn(visitor)
  await visitor.clickText('Edit: Full name')
  await visitor.click('.editor .primary')
  await visitor.see('Please fill this in.')
  await visitor.type('#name', 'Asha Rao')
  await visitor.click('.editor .primary')
  await visitor.see('Asha Rao')
  assert.equal(await focused(visitor), 'profile-title')
  await visitor.clickText('Edit: Full name')
  await visitor.clickText('Cancel')
  await visitor.see('Asha Rao')
  await visitor.leave()
})

test('addresses are added, changed, made the default and removed', async () => {
  const visitor = await newVisitor(origin)
  await signIn(visitor)
  await visitor.see('No address yet.')
  const add = async (values: Record<string, string>) => {
    await visitor.clickText('Add address')
    for (const [name, text] of Object.entries(values)) await visitor.type(`#${name}`, text)
  }
  const form = {
    house_number: '12B',
    street_locality: 'MG Road',
    pincode: '560001',
    city: 'Bengaluru',
    state: 'Karnataka',
  }
  await add({ ...form, pincode: '012345' })
  await visitor.click('.editor .primary')
  await visitor.see('A PIN code has 6 digits.')
  await visitor.type('#pincode', '560001')
  await visitor.click('.editor .primary')
  await visitor.see('12B, MG Road')
  await visitor.see('Default')
  await add({ ...form, house_number: '7', street_locality: 'Brigade Road' })
  await visitor.click('.editor .switch label:nth-child(2)')
  await visitor.click('.editor .check input')
  await visitor.click('.editor .primary')
  await visitor.see(/Work\s*Default\s*7, Brigade Road/)
  await visitor.clickText('Edit: 7, Brigade Road')
  await visitor.type('#house_number', '8')
  await visitor.click('.editor .primary')
  await visitor.see('8, Brigade Road')
  await visitor.clickText('Remove: 8, Brigade Road')
  await visitor.see(/Home\s*Default\s*12B, MG Road/)
  await visitor.leave()
})

test('a phone is added with a code, a wrong one first; it is changed, and the email removed', async () => {
  const visitor = await newVisitor(origin)
  const email = await signIn(visitor)
  const addPhone = async (button: string, phone = newPhone()) => {
    await visitor.clickText(button)
    await visitor.type('#identifier', phone)
    await visitor.click('.editor .primary')
    await visitor.see(`We sent it to +91 ${phone}`)
    return phone
  }
  const first = await addPhone('Add: Phone')
  const code = await visitor.lastCode(2)
  await visitor.clickText('Cancel')
  await addPhone('Add: Phone', first)
  assert.equal(visitor.codes.length, 2, 'the code that is under way is good')
  await visitor.type('#code', code === '111111' ? '222222' : '111111')
  await visitor.see('That code is wrong.')
  await visitor.type('#code', code)
  await visitor.see(`+91${first}`)
  assert.equal(await focused(visitor), 'identifiers-title')
  const second = await addPhone('Change: Phone')
  await visitor.type('#code', await visitor.lastCode(3))
  await visitor.see(`+91${second}`)
  await visitor.clickText('Remove: Email')
  await visitor.page.waitForSelector('::-p-aria([name="Add: Email"])', { visible: true })
  const text = await visitor.textOf('.sections')
  assert.ok(!text.includes(email) && !text.includes(first), text)
  await visitor.leave()
})

test('other sessions are seen, one is ended, then all others', async () => {
  const [visitor, other, third] = [await newVisitor(origin), await newVisitor(origin), await newVisitor(origin)]
  const email = await signIn(visitor)
  await signIn(other, email)
  await signIn(third, email)
  await visitor.page.reload()
  await visitor.see('Devices and sessions')
  await visitor.clickText('Sign out: Chrome on Linux')
  await visitor.page.waitForFunction(
    () =>
      document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelectorAll('[aria-labelledby=sessions-title] .row')
        .length === 2,
  )
  await visitor.clickText('Sign out all other devices')
  await visitor.page.waitForFunction(
    () =>
      document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelectorAll('[aria-labelledby=sessions-title] .row')
        .length === 1,
  )
  await other.clickText('Edit: Full name')
  await other.type('#name', 'Somebody')
  await other.click('.editor .primary')
  await other.find('#identifier')
  await other.see('You were signed out. Sign in again.')
  for (const each of [visitor, other, third]) await each.leave()
})

test('a copy of the data, and the end of the account, each after a proof where the last one is old', async () => {
  const visitor = await newVisitor(origin)
  const email = await signIn(visitor)
  const makeOld = () => query(`UPDATE sessions SET proved_at = now() - interval '16 minutes'`)
  await visitor.page.evaluate(`{
    const create = URL.createObjectURL
    URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text }); return create.call(URL, blob) }
  }`)
  await makeOld()
  await visitor.clickText('Download my data')
  await visitor.see('Confirm that it is you')
  await visitor.see(`We sent it to ${email}`)
  const code = await visitor.lastCode(2)
  await visitor.type('dialog #code', code === '111111' ? '222222' : '111111')
  await visitor.see('That code is wrong. 4 attempts left.')
  await visitor.type('dialog #code', code)
  await visitor.page.waitForFunction('window.saved')
  assert.equal(JSON.parse(String(await visitor.page.evaluate('window.saved'))).user.email, email)
  await makeOld()
  await visitor.clickText('Delete account')
  await visitor.see('This cannot be undone.')
  await visitor.click('.editor .primary')
  await visitor.see('Confirm that it is you')
  await visitor.clickText('Cancel')
  await visitor.see('Delete for good')
  await visitor.click('.editor .primary')
  await visitor.type('dialog #code', await visitor.lastCode(3))
  await visitor.see('Your account was deleted.')
  assert.equal(visitor.codes.length, 3, 'the code that was under way is good')
  await visitor.find('#identifier')
  await visitor.leave()
})
