// The identifier flow in a browser.
import assert from 'node:assert/strict'
import { afterAll, newEmail, newPhone, newVisitor, startService, test, type Visitor } from './support.js'

const { origin, stop } = await startService({ SMS_COUNTRIES: 'IN,US,CA,GB,DE,BR,JP', OTP_RESEND_COOLDOWN: '2' })
afterAll(stop)

async function askForCode(visitor: Visitor, email = newEmail()): Promise<string> {
  await visitor.type('#identifier', email)
  await visitor.click('.primary')
  await visitor.find('#code')
  return visitor.lastCode()
}

/** A code that is not this one. */
const wrong = (code: string) => (code.startsWith('9') ? `1${code.slice(1)}` : `9${code.slice(1)}`)

test('somebody new signs in by phone; the page knows them when they come back, and they sign out', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ name: 'Acme', country: 'IN', returnTo: '#done' })
  await visitor.see('Sign in to Acme')
  const phone = newPhone()
  await visitor.type('#identifier', phone)
  await visitor.click('.primary')
  await visitor.see(`We sent it to +91 ${phone}`)
  await visitor.type('#code', await visitor.lastCode())
  await visitor.see('Your account is ready')
  await visitor.open({ returnTo: '#done' })
  await visitor.see('You are already signed in')
  await visitor.click('.primary')
  await visitor.see('You are signed in')
  await visitor.clickText('Sign out')
  await visitor.find('#identifier')
  await visitor.open()
  await visitor.find('#identifier')
  await visitor.leave()
})

test('the events tell who signed in and that they signed out, through every shadow root', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ returnTo: '#done' })
  await visitor.page.evaluate(`window.heard = []
    for (const name of ['signed-in', 'signed-out', 'error'])
      document.addEventListener(name, ({ detail }) => window.heard.push([name, detail?.user?.email ?? detail?.code, detail?.isNewUser]))`)
  const email = newEmail()
  await visitor.type('#identifier', email)
  await visitor.click('.primary')
  await visitor.find('#code')
  const code = await visitor.lastCode()
  await visitor.type('#code', wrong(code))
  await visitor.see('That code is wrong.')
  await visitor.type('#code', code)
  await visitor.find('.seal')
  await visitor.clickText('Sign out')
  await visitor.find('#identifier')
  assert.deepEqual(await visitor.page.evaluate('window.heard'), [
    ['error', 'otp_invalid', null],
    ['signed-in', email, true],
    ['signed-out', null, null],
  ])
  await visitor.leave()
})

test('a wrong code takes a guess, the last one ends the code, and a new one is asked for', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open()
  const code = await askForCode(visitor)
  for (const left of ['4 attempts', '3 attempts', '2 attempts', '1 attempt']) {
    await visitor.type('#code', wrong(code))
    await visitor.see(`That code is wrong. ${left} left.`)
  }
  await visitor.type('#code', wrong(code))
  await visitor.see('Too many wrong codes. Ask for a new one.')
  await visitor.find('.more .link:not([aria-disabled])')
  await visitor.clickText('Send again')
  await visitor.type('#code', await visitor.lastCode(2))
  await visitor.find('.section')
  await visitor.leave()
})

test('a code is sent again after the countdown, and an announcement says so', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open()
  await askForCode(visitor)
  await visitor.see(/Send again in [12] seconds?/)
  const told = () =>
    visitor.page.evaluate(
      () => document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelector('.card > [role=status]')?.textContent,
    )
  assert.match(String(await told()), /^Send again in [12] seconds?$/)
  await visitor.clickText('Send again in 2 seconds').catch(() => undefined)
  await visitor.find('.more .link:not([aria-disabled])')
  assert.equal(visitor.codes.length, 1, 'nothing is sent before')
  assert.equal(await told(), 'Send again')
  await visitor.clickText('Send again')
  const code = await visitor.lastCode(2)
  await visitor.see('A new message is on its way.')
  await visitor.type('#code', code)
  await visitor.find('.section')
  assert.equal(await told(), '', 'and is left behind with its step')
  await visitor.leave()
})

test('a logo that does not load leaves the name', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ name: 'Acme', logo: '/nowhere.svg' })
  await visitor.see('Sign in to Acme')
  await askForCode(visitor)
  assert.equal(await visitor.textOf('.brand .name'), 'Acme')
  await visitor.leave()
})

test('a code that has ended is told of while the page is open', async () => {
  const visitor = await newVisitor(origin)
  // Five minutes are a second here.
  await visitor.page.evaluateOnNewDocument(`const real = window.setTimeout
    window.setTimeout = (run, time, ...more) => real(run, time > 60_000 ? 1_000 : time, ...more)`)
  await visitor.open()
  await askForCode(visitor)
  await visitor.see('This code has ended. Ask for a new one.')
  await visitor.leave()
})

test('too soon for another one: told in seconds, and who has the code already goes on with it', async () => {
  const email = newEmail()
  const [one, other] = [await newVisitor(origin), await newVisitor(origin)]
  await one.open()
  const code = await askForCode(one, email)
  await other.open()
  await other.click('.switch label:last-child')
  await other.type('#identifier', email)
  await other.click('.primary')
  await other.see(/That was too often. Try again in [12] seconds?./)
  await other.clickText('I already have a code')
  await other.type('#code', code)
  await other.find('.section')
  await one.leave()
  await other.leave()
})

test('back and forth without another send, and nothing typed is lost', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open()
  const email = newEmail()
  const code = await askForCode(visitor, email)
  await visitor.clickText('Change')
  const input = await visitor.find('#identifier')
  assert.equal(await input.evaluate((each) => (each as HTMLInputElement).value), email)
  await visitor.click('.primary')
  await visitor.type('#code', code)
  await visitor.find('.section')
  assert.equal(visitor.codes.length, 1)
  await visitor.leave()
})

test('what is pasted is understood: another country, an email for a phone, digits of another script', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ country: 'IN' })
  await visitor.click('#identifier')
  await visitor.page.keyboard.sendCharacter('+44 7400 123456')
  assert.match(await visitor.textOf('button.prefix'), /🇬🇧 \+44/)
  await visitor.click('.primary')
  await visitor.see('We sent it to +44 7400123456')
  await visitor.clickText('Change')
  const input = await visitor.find('#identifier')
  await input.click({ count: 3 })
  const email = newEmail()
  await visitor.page.keyboard.sendCharacter(` ${email} `)
  await visitor.see('Email address')
  await visitor.click('.primary')
  await visitor.see(`We sent it to ${email}`)
  const code = await visitor.lastCode(2)
  const digits = code.replace(/\d/g, (digit) => String.fromCodePoint(0x966 + Number(digit)))
  await visitor.click('#code')
  await visitor.page.keyboard.sendCharacter(`${digits.slice(0, 3)} ${digits.slice(3)}`)
  await visitor.find('.section')
  await visitor.leave()
})

test('what is no phone and no email is told beside the field, before anything is sent', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ country: 'IN' })
  await visitor.type('#identifier', '12')
  await visitor.click('.primary')
  await visitor.see('Enter a valid mobile number.')
  await visitor.type('#identifier', '+33 6 12 34 56 78')
  await visitor.click('.primary')
  await visitor.see('We cannot send codes to this country.')
  await visitor.type('#identifier', '1123456789')
  await visitor.click('.primary')
  await visitor.see('We cannot send codes to this kind of number.')
  await visitor.type('#identifier', '98765432')
  await visitor.click('.primary')
  await visitor.see('Enter a valid mobile number.')
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', 'asha')
  await visitor.click('.primary')
  await visitor.see('Enter a valid email address.')
  const described = await (await visitor.find('#identifier[aria-invalid]')).evaluate((each) =>
    each.getAttribute('aria-describedby'),
  )
  assert.equal(described, 'identifier-error')
  await visitor.leave()
})

test('without a network it says so, and goes on when there is one', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open()
  await visitor.page.setOfflineMode(true)
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  await visitor.see('You are offline.')
  await visitor.page.setOfflineMode(false)
  await visitor.click('.primary')
  await visitor.find('#code')
  await visitor.context.close()
})

test('where the countries do not load it says so, and pressing on loads them', async () => {
  const visitor = await newVisitor(origin)
  await visitor.page.setRequestInterception(true)
  let isDown = true
  visitor.page.on('request', (request) => {
    if (isDown && request.url().endsWith('/auth/phone-prefixes')) void request.abort()
    else void request.continue()
  })
  await visitor.open({ country: 'IN' })
  await visitor.see('No connection. Try again.')
  const phone = newPhone()
  await visitor.type('#identifier', phone)
  isDown = false
  await visitor.click('.primary')
  assert.match(await visitor.textOf('button.prefix'), /\+91/)
  await visitor.click('.primary')
  await visitor.see(`We sent it to +91 ${phone}`)
  await visitor.context.close()
})

test('a code that a message brings (WebOTP) is filled in and sent, and nobody waits for one when the step is left', async () => {
  const visitor = await newVisitor(origin)
  // Chromium on a computer has none of it: a stand-in that gives what it is told to.
  await visitor.page.evaluateOnNewDocument(`window.OTPCredential = class {}
    window.asked = []
    navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
      window.asked.push({ otp, signal, receive: (code) => resolve({ code }) })
      signal.addEventListener('abort', () => reject(signal.reason))
    })`)
  await visitor.open()
  await askForCode(visitor)
  assert.deepEqual(await visitor.page.evaluate('window.asked.map(({ otp, signal }) => [otp, signal.aborted])'), [
    [{ transport: ['sms'] }, false],
  ])
  await visitor.clickText('Change')
  await visitor.find('#identifier')
  assert.deepEqual(await visitor.page.evaluate('window.asked.map(({ signal }) => signal.aborted)'), [true])
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  await visitor.find('#code')
  await visitor.page.evaluate(`window.asked[1].receive('${await visitor.lastCode(2)}')`)
  await visitor.find('.section')
  await visitor.leave()
})

test('where there is voice, one can be called instead once the countdown is over', async () => {
  const visitor = await newVisitor(origin)
  const sent: unknown[] = []
  visitor.page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(JSON.parse(request.postData() ?? '{}'))
  })
  await visitor.open({ voice: true, country: 'IN' })
  const phone = newPhone()
  await visitor.type('#identifier', phone)
  await visitor.click('.primary')
  await visitor.find('#code')
  assert.equal(await visitor.page.$('::-p-aria([name="Call me instead"])'), null)
  await visitor.clickText('Call me instead')
  await visitor.page.waitForResponse((response) => response.request().method() === 'POST')
  assert.deepEqual(sent.at(-1), { phonePrefix: '+91', phone, channel: 'voice' })
  await visitor.leave()
})

test('by keyboard alone: the switch, the country, the code', async () => {
  const visitor = await newVisitor(origin)
  const { keyboard } = visitor.page
  const focused = () =>
    visitor.page.evaluate(() => {
      const active = document.querySelector('latchkey-sign-in')?.shadowRoot?.activeElement
      return active?.id || active?.className || active?.getAttribute('value')
    })
  await visitor.open({ country: 'IN' })
  await visitor.find('#identifier')
  await keyboard.press('Tab')
  assert.equal(await focused(), 'phone')
  await keyboard.press('Tab')
  assert.equal(await focused(), 'prefix')
  await keyboard.press('Enter')
  await keyboard.type('king')
  await visitor.see('United Kingdom')
  await keyboard.press('Enter')
  assert.equal(await focused(), 'prefix')
  assert.match(await visitor.textOf('button.prefix'), /\+44/)
  await keyboard.press('Enter')
  await keyboard.press('ArrowUp')
  await keyboard.press('Escape')
  assert.equal(await focused(), 'prefix')
  await keyboard.down('Shift')
  await keyboard.press('Tab')
  await keyboard.up('Shift')
  await keyboard.press('ArrowRight')
  await visitor.see('Email address')
  await keyboard.press('Tab')
  assert.equal(await focused(), 'identifier')
  await keyboard.type(newEmail())
  await keyboard.press('Enter')
  await visitor.find('#code')
  assert.equal(await focused(), 'code')
  await keyboard.type(await visitor.lastCode())
  await visitor.find('.section')
  assert.equal(await focused(), 'heading')
  await visitor.leave()
})

test('two tabs: who signs in or out in one is so in the other', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open()
  const second = await visitor.context.newPage()
  // Asked for frame by frame: an observer of the document hears nothing of what changes in a shadow root.
  const seen = { visible: true }
  await second.goto(`${origin}/element`)
  await second.waitForSelector('>>> #identifier', seen)
  await visitor.page.bringToFront()
  await visitor.type('#code', await askForCode(visitor))
  await visitor.find('.section')
  await second.bringToFront()
  await second.waitForSelector('>>> .section', seen)
  await visitor.page.bringToFront()
  await visitor.clickText('Sign out')
  await visitor.find('#identifier')
  await second.bringToFront()
  await second.waitForSelector('>>> #identifier', seen)
  await visitor.leave()
})
