// The console at /admin as the service serves it: whole journeys of an admin against the real service.
import assert from 'node:assert/strict'
import type { HTTPRequest } from 'puppeteer-core'
import { startPrefix } from './front.js'
import { startProcess } from './service.js'
import { afterAll, axe, newEmail, newPhone, newVisitor, test, type VisitOptions, type Visitor } from './support.js'

const { origin, query, stop } = await startProcess({
  BRAND_NAME: 'Chai & Co',
  // What is sent again in between is what a test says.
  OTP_RESEND_COOLDOWN: '60',
  MESSAGE_COSTS: 'IN:0.2,email:0.01',
  MESSAGE_COST_CURRENCY: 'INR',
})
afterAll(stop)

const hostile = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'

/** Opens a path of the service. */
async function visit(path: string, options: VisitOptions = {}): Promise<Visitor> {
  const visitor = await newVisitor(origin, { width: 1280, ...options })
  await visitor.page.goto(`${origin}${path}`, { waitUntil: 'networkidle0' })
  return visitor
}

/** Somebody who signed in by the API, in a profile of their own. */
async function join(who: { phone: string } | { email: string }): Promise<{ id: string; token: string }> {
  const body = 'phone' in who ? { phonePrefix: '+91', ...who } : who
  const post = async (path: string, content: object) => {
    // A name in Latin letters, also where one reads from right to left.
    const headers = { 'content-type': 'application/json', 'user-agent': 'Mozilla/5.0 (X11; Linux) Chrome/142.0.0.0' }
    const answer = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(content) })
    return answer.json()
  }
  const { otp } = await post('/auth/request-otp', body)
  const { user, token } = await post('/auth/verify-otp', { ...body, otp })
  return { id: user.id, token }
}

const isSignedIn = async (token: string) =>
  (await fetch(`${origin}/users/me`, { headers: { authorization: `Bearer ${token}` } })).status === 200

/** Signs in on the page that is open, as an admin unless it says otherwise. */
async function signIn(visitor: Visitor, email = newEmail(), isAdmin = true): Promise<string> {
  if (isAdmin) {
    const { id } = await join({ email })
    await query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [id])
    await query(`UPDATE otps SET resend_at = now()`)
  }
  await visitor.find('#identifier')
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', email)
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode())
  return email
}

const shownText = ({ page }: Visitor) =>
  page.evaluate(() => document.querySelector('#latchkey')?.shadowRoot?.querySelector<HTMLElement>('.shell')?.innerText)

/** Waits for a text anywhere in the console. */
async function see(visitor: Visitor, text: string): Promise<void> {
  const isThere = (text: string) => {
    const shell = document.querySelector('#latchkey')?.shadowRoot?.querySelector<HTMLElement>('.shell')
    return shell?.innerText.replace(/[\u2066-\u2069]/g, '').includes(text)
  }
  await visitor.page.waitForFunction(isThere, { polling: 50 }, text).catch(async () => {
    assert.fail(`did not see ${text}; there was: ${(await shownText(visitor))?.slice(0, 1500)}`)
  })
}

const focusedText = ({ page }: Visitor) =>
  page.evaluate(() => document.querySelector('#latchkey')?.shadowRoot?.activeElement?.textContent)

async function act(visitor: Visitor, button: string, reason: string, typed?: string): Promise<void> {
  await visitor.clickText(button)
  await visitor.type('dialog #reason', reason)
  if (typed !== undefined) await visitor.type('dialog #typed', typed)
  await visitor.click('dialog .primary')
}

/** Holds back what is asked, until it is let go; or has it fail, and what comes after it, until then. */
async function hold({ page }: Visitor, isHeld: (method: string, path: string) => boolean) {
  const held: HTTPRequest[] = []
  let answer = (request: HTTPRequest): unknown => held.push(request)
  const onRequest = (request: HTTPRequest) => {
    const { pathname } = new URL(request.url())
    void (isHeld(request.method(), pathname) ? answer(request) : request.continue())
  }
  page.on('request', onRequest)
  await page.setRequestInterception(true)
  const answerAll = async (then: (request: HTTPRequest) => Promise<void>) => {
    answer = then
    await Promise.all(held.splice(0).map(then))
  }
  return {
    async some() {
      while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    fail: (status: number, body: object) =>
      answerAll((request) =>
        request.respond({ status, contentType: 'application/problem+json', body: JSON.stringify(body) }),
      ),
    async go() {
      await answerAll((request) => request.continue())
      await page.setRequestInterception(false)
      page.off('request', onRequest)
    },
  }
}

const untilNoDialog = ({ page }: Visitor) =>
  page.waitForFunction(() => !document.querySelector('#latchkey')?.shadowRoot?.querySelector('dialog'))

test('an admin finds somebody by the phone as people type it, disables, unlocks once, deletes', async () => {
  const phone = newPhone()
  const asha = await join({ phone })
  const visitor = await visit('/admin')
  assert.equal(await visitor.page.title(), 'Admin console – Chai & Co')
  await signIn(visitor)
  await see(visitor, 'Newest users')
  await visitor.type('#search', ` 0${phone.slice(0, 5)} ${phone.slice(5)}`)
  await see(visitor, 'Found: 1')
  assert.equal(visitor.page.url(), `${origin}/admin`, 'what is looked for stands in no address')
  await visitor.page.keyboard.press('ArrowDown')
  await visitor.page.keyboard.press('Enter')
  await see(visitor, 'Known devices')
  assert.equal(visitor.page.url(), `${origin}/admin/users/${asha.id}`)
  assert.match(String(await focusedText(visitor)), new RegExp(phone), 'the heading has the focus')
  for (const text of ['Proven', 'Codes left this hour', 'Code requested', 'authn_login_success'])
    await see(visitor, text)

  await visitor.clickText('Disable')
  await visitor.click('dialog .primary')
  await see(visitor, 'Please fill this in.')
  await visitor.page.keyboard.press('Escape')
  await untilNoDialog(visitor)
  assert.ok(await isSignedIn(asha.token), 'a press alone does nothing')
  await act(visitor, 'Disable', 'Stolen phone, asked by mail')
  await see(visitor, 'Disabled')
  assert.ok(!(await isSignedIn(asha.token)))
  await see(visitor, 'disabled true; Stolen phone, asked by mail')
  await act(visitor, 'Enable', 'Found again')
  await visitor.page.waitForSelector('::-p-aria([name="Disable"])')

  await act(visitor, 'Unlock', 'Typed an old code')
  await see(visitor, 'Unlock again from')
  await act(visitor, 'Unlock', 'Once more')
  await see(visitor, 'This was unlocked in the last 24 hours. It is possible again in 24 hours.')
  await visitor.clickText('Cancel')
  await untilNoDialog(visitor)

  await act(visitor, 'Delete', 'Asked for it', `+91${phone.slice(1)}`)
  await see(visitor, 'That is not the same.')
  await visitor.type('dialog #typed', `+91 ${phone}`)
  await visitor.click('dialog .primary')
  await see(visitor, 'Users')
  await visitor.page.waitForFunction("location.pathname === '/admin'")
  await see(visitor, 'Nobody found.')
  await visitor.page.goBack()
  await see(visitor, 'This does not exist.')
  await visitor.leave()
})

test('the back button and a reload stay where they are, and what was found is still there', async () => {
  const email = newEmail()
  const { id } = await join({ email })
  const visitor = await visit(`/admin/users/${id}`)
  await signIn(visitor)
  await see(visitor, 'Known devices')
  await visitor.page.reload({ waitUntil: 'networkidle0' })
  await see(visitor, 'Known devices')
  // Two lists were read twice, and the second time they tell of the first.
  await see(visitor, 'Data was read (')
  await visitor.clickText('Users')
  await visitor.type('#search', email)
  await see(visitor, 'Found: 1')
  await visitor.page.keyboard.press('ArrowDown')
  await visitor.page.keyboard.press('Enter')
  await see(visitor, 'Known devices')
  await visitor.page.goBack()
  await see(visitor, 'Found: 1')
  assert.equal(await (await visitor.find('#search')).evaluate((each) => (each as HTMLInputElement).value), email)
  await visitor.type('#search', id)
  await see(visitor, 'Found: 1')
  await visitor.type('#search', 'nobody at all')
  await see(visitor, 'Nobody found.')
  await visitor.leave()
})

test('who is no admin sees why, and signs out', async () => {
  const visitor = await visit('/admin/numbers')
  await signIn(visitor, newEmail(), false)
  await see(visitor, 'This account is not an admin')
  assert.deepEqual(await axe(visitor), [])
  await visitor.clickText('Sign out')
  await visitor.find('#identifier')
  await visitor.leave()
})

test('an admin on a new device sees for how long it may not disable anybody', async () => {
  const asha = await join({ email: newEmail() })
  const visitor = await visit(`/admin/users/${asha.id}`)
  const email = await signIn(visitor)
  await see(visitor, 'Known devices')
  const session = '(SELECT id FROM users WHERE email = $1)'
  await query(`UPDATE sessions SET restricted_until = now() + interval '5 hours' WHERE user_id = ${session}`, [email])
  await act(visitor, 'Disable', 'asked to by the owner')
  await see(visitor, 'This device is new to your account.')
  assert.doesNotMatch(String(await shownText(visitor)), /not an admin/)
  await visitor.leave()
})

test('an old proof is asked for again, once, and what was wanted goes on', async () => {
  const { id, token } = await join({ email: newEmail() })
  const visitor = await visit('/admin')
  const email = await signIn(visitor)
  await see(visitor, 'Newest users')
  const makeOld = () =>
    query(
      `UPDATE sessions SET proved_at = now() - interval '16 minutes' FROM users
      WHERE users.id = user_id AND email = $1`,
      [email],
    )
  await makeOld()
  await visitor.page.goto(`${origin}/admin/users/${id}`, { waitUntil: 'networkidle0' })
  await see(visitor, 'Confirm that it is you')
  // Until the code is on its way the dialog is not whole yet, and what is clicked may move.
  await visitor.find('dialog #code')
  await visitor.lastCode(2)
  assert.deepEqual(await axe(visitor), [])
  const placeOf = async (selector: string) =>
    (await visitor.find(selector)).evaluate((each) => {
      const { left, top, width, height } = each.getBoundingClientRect()
      return [left, top, width, height].map(Math.round)
    })
  assert.deepEqual(await placeOf('dialog #code'), await placeOf('dialog .boxes'), 'the field lies over its boxes')
  await visitor.clickText('Cancel')
  await see(visitor, 'Confirm that it is you to see this.')
  await visitor.clickText('Try again')
  await see(visitor, 'We sent it to')
  await visitor.page.reload({ waitUntil: 'networkidle0' })
  await see(visitor, 'That was too often.')
  await visitor.type('dialog #code', await visitor.lastCode(2))
  await see(visitor, 'Known devices')
  assert.equal(visitor.codes.length, 2, 'the code that was under way was good all the time')

  await makeOld()
  await act(visitor, 'Sign out everywhere', 'Lost the laptop')
  await visitor.find('dialog #code')
  await visitor.type('dialog #code', await visitor.lastCode(3))
  await untilNoDialog(visitor)
  assert.ok(!(await isSignedIn(token)))

  await makeOld()
  await act(visitor, 'Sign out everywhere', 'And the phone')
  for (const line of [
    '4 attempts left',
    '3 attempts left',
    '2 attempts left',
    '1 attempt left',
    'Too many wrong codes.',
  ]) {
    await visitor.type('dialog #code', '000000')
    await see(visitor, line)
  }
  await visitor.leave()
})

test('an action that is under way is seen to its end, whatever is pressed meanwhile', async () => {
  const { id } = await join({ email: newEmail() })
  const visitor = await visit(`/admin/users/${id}`)
  await signIn(visitor)
  await see(visitor, 'Known devices')
  const held = await hold(visitor, (method) => method === 'PATCH')
  await act(visitor, 'Disable', 'Asked for it')
  await held.some()
  // A browser closes a dialog at the second one, whatever the page wants.
  for (const key of ['Escape', 'Escape'] as const) await visitor.page.keyboard.press(key)
  await held.go()
  await visitor.page.waitForSelector('::-p-aria([name="Enable"])')
  await see(visitor, 'disabled true; Asked for it')
  await visitor.leave()
})

test('nobody else is opened than who is typed: not by a quick key, not after a search that failed', async () => {
  const email = newEmail()
  await join({ email })
  const visitor = await visit('/admin')
  await signIn(visitor)
  await see(visitor, 'Newest users')
  const held = await hold(visitor, (_method, path) => path === '/users')
  await visitor.type('#search', email)
  await held.some()
  await visitor.page.waitForFunction(() => {
    const main = document.querySelector('#latchkey')?.shadowRoot?.querySelector('main')
    return main && getComputedStyle(main, '::before').content !== 'none'
  })
  await visitor.page.keyboard.press('ArrowDown')
  await visitor.page.keyboard.press('Enter')
  assert.equal(new URL(visitor.page.url()).pathname, '/admin')
  await held.fail(429, { code: 'rate_limited', retry_after: 42 })
  await see(visitor, 'That was too often. Try again in 42 seconds.')
  assert.equal(await visitor.page.$('>>> .results li'), null)
  await held.go()
  await visitor.clickText('Try again')
  await see(visitor, 'Found: 1')
  await visitor.leave()
})

test('a session that ends meanwhile leads to the sign-in, and back to the same view', async () => {
  const visitor = await visit('/admin')
  await signIn(visitor)
  await see(visitor, 'Newest users')
  await query('DELETE FROM sessions')
  await visitor.clickText('Blocks and budgets')
  await see(visitor, 'You were signed out. Sign in again.')
  await query(`UPDATE otps SET resend_at = now(), consumed_at = NULL`)
  const admin = newEmail()
  const { id } = await join({ email: admin })
  await query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [id])
  await query(`UPDATE otps SET resend_at = now()`)
  const count = visitor.codes.length
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', admin)
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode(count + 1))
  await see(visitor, 'Closed countries')
  await visitor.leave()
})

test('hostile names and reasons are texts', async () => {
  const email = newEmail()
  const { id, token } = await join({ email })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ user_name: hostile })
  assert.equal((await fetch(`${origin}/users/me`, { method: 'PATCH', headers, body })).status, 200)
  const visitor = await visit('/admin')
  await signIn(visitor)
  await see(visitor, hostile)
  await visitor.type('#search', '<img')
  await see(visitor, 'Found: 1')
  await visitor.page.keyboard.press('ArrowDown')
  await visitor.page.keyboard.press('Enter')
  await see(visitor, 'Known devices')
  const keep = async (url: string, metadata: object) => {
    const request = { method: 'PATCH', headers: { 'content-type': 'application/json' } }
    return (await fetch(url, { ...request, body: JSON.stringify({ public_metadata: metadata }) })).status
  }
  const kept = { plan: '</code><img src=x onerror=alert(1)>', long: 'x'.repeat(400) }
  assert.equal(await visitor.page.evaluate(keep, `/users/${id}`, kept), 200)
  await visitor.page.reload()
  await see(visitor, '"plan": "</code><img src=x onerror=alert(1)>"')
  await act(visitor, 'Sign out everywhere', '"><img src=x onerror=alert(1)>')
  await see(visitor, '"><img src=x onerror=alert(1)>')
  const images = await visitor.page.evaluate(
    () => document.querySelector('#latchkey')?.shadowRoot?.querySelectorAll('img, script').length,
  )
  assert.deepEqual([images, await visitor.page.title()], [0, 'Users – Chai & Co'])
  assert.match(visitor.page.url(), new RegExp(id))
  await visitor.leave()
})

test('numbers are sorted and follow the period; blocks say what to do, and a country is opened', async () => {
  await query(`INSERT INTO auth_events (event, channel, country, driver, identifier_hash)
    SELECT 'delivery_accepted', 'sms', c, 'twilio', sha256('x') FROM unnest(ARRAY['IN', 'IN', 'IN', 'US']) AS c`)
  await query(`INSERT INTO country_breakers (country, closed_until) VALUES ('US', now() + interval '1 hour')`)
  const visitor = await visit('/admin/numbers')
  await signIn(visitor)
  await see(visitor, 'United States')
  await see(visitor, '₹0.60')
  const firstCountry = () =>
    visitor.page.evaluate(
      () => document.querySelector('#latchkey')?.shadowRoot?.querySelector('tbody tr td')?.textContent ?? '',
    )
  await visitor.clickText('Country')
  const ascending = await firstCountry()
  await visitor.clickText('Country')
  assert.equal(await firstCountry(), 'United States')
  assert.notEqual(ascending, 'United States')
  await (await visitor.find('.switch label:last-child')).click()
  await see(visitor, 'Updated:')
  await visitor.clickText('Blocks and budgets')
  await see(visitor, 'Too few codes to new numbers were used there.')
  await see(visitor, 'SMS, new people')
  assert.deepEqual(await axe(visitor), [])
  await act(visitor, 'Open: United States', 'Our campaign')
  await see(visitor, 'No country is closed.')
  await visitor.leave()
})

test('numbers are looked at again by themselves once a failure has passed', async () => {
  const visitor = await visit('/admin/numbers')
  await signIn(visitor)
  await see(visitor, 'Updated:')
  const held = await hold(visitor, (_method, path) => path === '/operations/numbers')
  const lookAgain = () => visitor.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await lookAgain()
  await held.some()
  await held.fail(429, { code: 'rate_limited', retry_after: 5 })
  await see(visitor, 'That was too often.')
  await held.go()
  await lookAgain()
  await visitor.page.waitForFunction(
    () => document.querySelector('#latchkey')?.shadowRoot?.querySelector('.error')?.childNodes.length === 0,
  )
  await visitor.leave()
})

test('every view is free of faults to axe, light and dark, narrow and wide, and nothing is wider than the window', async () => {
  const { id } = await join({ phone: newPhone() })
  for (const theme of ['light', 'dark'] as const) {
    for (const width of [320, 1280]) {
      const visitor = await visit('/admin', { theme, width })
      assert.deepEqual(await axe(visitor), [], 'sign-in')
      await signIn(visitor)
      await see(visitor, 'Newest users')
      for (const path of ['/admin', `/admin/users/${id}`, '/admin/numbers', '/admin/blocks']) {
        await visitor.page.goto(`${origin}${path}`, { waitUntil: 'networkidle0' })
        assert.deepEqual(await axe(visitor), [], `${path} ${theme} ${width}`)
        assert.equal(await visitor.page.evaluate(() => document.documentElement.scrollWidth), width, path)
        const hidden = await visitor.page.$$eval('>>> .scrolled', (boxes) =>
          boxes.map((box) => box.scrollWidth - box.clientWidth),
        )
        assert.ok(
          hidden.every((pixels) => pixels <= 0),
          `${path}: all of a table is seen at ${width} pixels`,
        )
      }
      await visitor.page.goto(`${origin}/admin/users/${id}`, { waitUntil: 'networkidle0' })
      await visitor.clickText('Delete')
      assert.deepEqual(await axe(visitor), [], `dialog ${theme} ${width}`)
      await visitor.leave()
    }
  }
})

test('it is read in German, and in Arabic and Urdu from right to left, at 320 pixels', async () => {
  const { id } = await join({ phone: newPhone() })
  for (const [language, dir, word] of [
    ['de', 'ltr', 'Überall abmelden'],
    ['ta', 'ltr', 'எல்லா இடங்களிலும் வெளியேற்று'],
    ['ar', 'rtl', 'تسجيل الخروج من كل الأجهزة'],
    ['ur', 'rtl', 'ہر جگہ سے سائن آؤٹ کریں'],
  ] as const) {
    const visitor = await visit(`/admin/users/${id}`, { language, width: 320 })
    await signIn(visitor)
    await see(visitor, word)
    assert.equal(await visitor.page.$eval('html', ({ lang, dir }) => `${lang} ${dir}`), `${language} ${dir}`)
    const apart = await (await visitor.find('.rows bdi.main')).evaluate((name, isRight) => {
      const text = document.createRange()
      text.selectNodeContents(name)
      const [own, line] = [text, name.parentElement ?? name].map((each) => each.getBoundingClientRect())
      return Math.round(Number(isRight ? own?.right : own?.left) - Number(isRight ? line?.right : line?.left))
    }, dir === 'rtl')
    assert.equal(apart, 0, `${language}: a device stands at the side of its line`)
    for (const path of ['numbers', 'blocks']) {
      await visitor.page.goto(`${origin}/admin/${path}`, { waitUntil: 'networkidle0' })
      assert.equal(await visitor.page.evaluate(() => document.documentElement.scrollWidth), 320, `${language} ${path}`)
    }
    assert.deepEqual(await axe(visitor), [])
    // A picture of a whole page is as wide as what sticks out of it.
    await visitor.page.setViewport({ width: 1280, height: 860 })
    await visitor.page.goto(`${origin}/admin/numbers`, { waitUntil: 'networkidle0' })
    assert.equal(await visitor.page.evaluate(() => document.documentElement.scrollWidth), 1280, `${language}, wide`)
    await visitor.leave()
  }
})

test('a proxy may serve it under a prefix, and who opens a view there stays under it', async () => {
  const proxy = await startPrefix(origin, '/login')
  const visitor = await newVisitor(proxy.origin, { width: 1280 })
  await visitor.page.goto(`${proxy.origin}/login/admin/numbers`, { waitUntil: 'networkidle0' })
  await signIn(visitor)
  await see(visitor, 'Updated:')
  await visitor.clickText('Users')
  await see(visitor, 'Newest users')
  assert.equal(visitor.page.url(), `${proxy.origin}/login/admin`)
  await visitor.leave()
  await proxy.stop()
})

test('no other page may hold it in a frame', async () => {
  const { headers } = await fetch(`${origin}/admin`)
  assert.match(String(headers.get('content-security-policy')), /frame-ancestors 'none'/)
  assert.equal(headers.get('cache-control'), 'no-store')
})
