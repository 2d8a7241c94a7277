// Passkeys on the page, by Chromium's virtual authenticator: made once after a code, used with nothing typed, in the field's autofill and to
// step up, removed. `PASSKEY_PICTURES=FOLDER` keeps what is seen on the way.
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CDPSession } from 'puppeteer-core'
import { startProcess } from './service.js'
import { afterAll, axe, newEmail, newVisitor, test, type Visitor } from './support.js'

const { origin, query, stop } = await startProcess((port) => ({
  BRAND_NAME: 'Chai & Co',
  OTP_RESEND_COOLDOWN: '1',
  // An address has no passkeys: the page is opened by this name.
  PASSKEY_RP_ID: 'localhost',
  PASSKEY_ORIGINS: `http://localhost:${port}`,
}))
afterAll(stop)
const site = origin.replace('127.0.0.1', 'localhost')

/** Somebody whose device has a fingerprint sensor, so to speak. */
async function newOwner(): Promise<{ visitor: Visitor; cdp: CDPSession; authenticatorId: string }> {
  const visitor = await newVisitor(site)
  const cdp = await visitor.page.createCDPSession()
  await cdp.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { visitor, cdp, authenticatorId }
}

const folder = process.env['PASSKEY_PICTURES']
let pictures = 0
async function picture({ page }: Visitor, name: string): Promise<void> {
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  pictures += 1
  await page.screenshot({ path: join(folder, `${String(pictures).padStart(2, '0')}-${name}.png`) })
}

async function open({ page }: Visitor): Promise<void> {
  await page.goto(`${site}/sign-in`, { waitUntil: 'networkidle0' })
}

/** Types an email and its code. */
async function signInByCode(visitor: Visitor, email: string): Promise<void> {
  const sent = visitor.codes.length
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', email)
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode(sent + 1))
}

const seeAccount = async (visitor: Visitor, email: string) => {
  await visitor.find('.card[data-step="account"]')
  await visitor.see(email)
}
const signOut = async (visitor: Visitor) => {
  await visitor.clickText('Sign out')
  await visitor.find('#identifier')
}
/** What stands first on the form, beside the choice between phone and email. */
const firstButton = async (visitor: Visitor) =>
  (await visitor.find('form:has(#identifier)')).evaluate(
    (form) => form.querySelector('button.passkey, button.primary')?.classList[0],
  )
const credentialsOf = async (cdp: CDPSession, authenticatorId: string) =>
  (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials
/** Until then its person has not touched the sensor. */
const touch = (cdp: CDPSession, authenticatorId: string, enabled: boolean) =>
  cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })

/** Somebody who made a passkey when it was offered after a code, and sees their account. */
async function newOwnerOfPasskey() {
  const owner = await newOwner()
  const { visitor } = owner
  const email = newEmail()
  await open(visitor)
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  await visitor.click('.primary')
  await seeAccount(visitor, email)
  return { ...owner, email }
}

test('a passkey is offered once after a code, made, and signs in first on the next visit, with nothing typed', async () => {
  const { visitor, cdp, authenticatorId } = await newOwner()
  const email = newEmail()
  await touch(cdp, authenticatorId, false)
  await open(visitor)
  await visitor.see('Sign in with a passkey')
  await picture(visitor, 'first-visit')
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  assert.deepEqual(await axe(visitor), [])
  await picture(visitor, 'offer-after-a-code')
  await touch(cdp, authenticatorId, true)
  await visitor.click('.primary')
  await seeAccount(visitor, email)
  await visitor.see('Passkeys')
  await picture(visitor, 'account-with-passkey')
  const [credential] = await credentialsOf(cdp, authenticatorId)
  assert.ok(credential?.isResidentCredential)

  await touch(cdp, authenticatorId, false)
  await signOut(visitor)
  await open(visitor)
  assert.equal(await firstButton(visitor), 'passkey', 'before the field')
  assert.deepEqual(await axe(visitor), [])
  await picture(visitor, 'next-visit-passkey-first')
  const sent = visitor.codes.length
  await visitor.click('.passkey')
  await touch(cdp, authenticatorId, true)
  await seeAccount(visitor, email)
  assert.equal(visitor.codes.length, sent, 'no message')
  await picture(visitor, 'signed-in-by-passkey')
  await visitor.leave()
})

test('it is chosen in the autofill of the field', async () => {
  const { visitor, cdp, authenticatorId, email } = await newOwnerOfPasskey()
  await touch(cdp, authenticatorId, false)
  await signOut(visitor)
  assert.match(
    String(await (await visitor.find('#identifier')).evaluate((input) => input.getAttribute('autocomplete'))),
    /^(tel|email) webauthn$/,
  )
  // The browser's list is no part of the page; the virtual authenticator stands for its one entry.
  await touch(cdp, authenticatorId, true)
  await open(visitor)
  await seeAccount(visitor, email)
  await picture(visitor, 'signed-in-by-autofill')
  await visitor.leave()
})

test('it confirms that it is you without a message, and is named and removed', async () => {
  const { visitor, cdp, authenticatorId } = await newOwnerOfPasskey()
  const sent = visitor.codes.length
  await query(`UPDATE sessions SET proved_at = now() - interval '16 minutes'`)
  await visitor.clickText('Edit: Chrome on Linux')
  await visitor.type('#passkey', 'My laptop')
  await visitor.click('.editor .primary')
  await visitor.see('My laptop')
  assert.equal(visitor.codes.length, sent, 'stepped up by the passkey')
  await picture(visitor, 'named-after-a-step-up')

  // A second one is not made on the same device; on another one it is.
  await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
  const other = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await visitor.clickText('Add a passkey')
  await visitor.page.waitForFunction(
    () =>
      document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelectorAll('[aria-labelledby=passkeys-title] .row')
        .length === 2,
  )
  assert.equal((await credentialsOf(cdp, other.authenticatorId)).length, 1)
  await visitor.clickText('Remove: My laptop')
  await visitor.page.waitForFunction(
    () => !document.querySelector('latchkey-sign-in')?.shadowRoot?.textContent?.includes('My laptop'),
  )
  await visitor.clickText('Add a passkey')
  await visitor.see('This device already has a passkey.')
  await visitor.clickText('Remove: Chrome on Linux')
  await visitor.see('No passkey yet.')
  assert.deepEqual(await axe(visitor), [])
  await picture(visitor, 'removed')

  await touch(cdp, other.authenticatorId, false)
  await signOut(visitor)
  assert.equal(await firstButton(visitor), 'primary', 'who removed the last one is not asked for it first')
  await visitor.click('.passkey')
  await touch(cdp, other.authenticatorId, true)
  await visitor.see('This passkey does not work here. Use a code.')
  await picture(visitor, 'a-removed-one-opens-nothing')
  await visitor.leave()
})

test('a passkey that opens nothing any more is not the first thing asked for, and a new one is offered', async () => {
  const { visitor, cdp, authenticatorId, email } = await newOwnerOfPasskey()
  await touch(cdp, authenticatorId, false)
  await signOut(visitor)
  // Removed on another device, of which this one knows nothing.
  await query('DELETE FROM passkeys USING users WHERE users.id = user_id AND email = $1', [email])
  assert.equal(await firstButton(visitor), 'passkey')
  await visitor.click('.passkey')
  await touch(cdp, authenticatorId, true)
  await visitor.see('This passkey does not work here. Use a code.')
  await touch(cdp, authenticatorId, false)
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId })
  await open(visitor)
  assert.equal(await firstButton(visitor), 'primary')
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  await visitor.leave()
})

test('an offer that stayed open for long asks for a code, and one that this device has already made is no fault', async () => {
  const { visitor, cdp, authenticatorId } = await newOwner()
  const email = newEmail()
  await open(visitor)
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  await query(
    `UPDATE sessions SET proved_at = now() - interval '16 minutes' FROM users WHERE users.id = user_id AND email = $1`,
    [email],
  )
  await visitor.click('.primary')
  await visitor.type('dialog #code', await visitor.lastCode(2))
  await seeAccount(visitor, email)
  assert.equal((await credentialsOf(cdp, authenticatorId)).length, 1)
  await touch(cdp, authenticatorId, false)
  await signOut(visitor)
  await visitor.page.evaluate(() => localStorage.clear())
  await open(visitor)
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  await touch(cdp, authenticatorId, true)
  await visitor.click('.primary')
  await seeAccount(visitor, email)
  assert.equal((await credentialsOf(cdp, authenticatorId)).length, 1)
  await visitor.leave()
})

test('who would rather not is asked once on a device, and a person who says no is told nothing', async () => {
  const { visitor, cdp, authenticatorId } = await newOwner()
  const email = newEmail()
  await touch(cdp, authenticatorId, false)
  await open(visitor)
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  await visitor.clickText('Not now')
  await seeAccount(visitor, email)
  await signOut(visitor)
  await signInByCode(visitor, email)
  await seeAccount(visitor, email)
  assert.deepEqual(await credentialsOf(cdp, authenticatorId), [])
  await visitor.leave()
})

test('while the browser asks for a passkey, the page takes a code or a no all the same', async () => {
  const { visitor, cdp, authenticatorId } = await newOwner()
  const email = newEmail()
  await touch(cdp, authenticatorId, false)
  await open(visitor)
  await visitor.click('.passkey')
  await visitor.find('.passkey.busy')
  await signInByCode(visitor, email)
  await visitor.see('Sign in faster next time?')
  await visitor.click('.primary')
  await visitor.find('.primary.busy')
  await visitor.clickText('Not now')
  await seeAccount(visitor, email)
  await touch(cdp, authenticatorId, true)
  await visitor.page.reload({ waitUntil: 'networkidle0' })
  await visitor.see('No passkey yet.')
  assert.deepEqual(await credentialsOf(cdp, authenticatorId), [])
  await visitor.leave()
})

test('a device that is new to an account with a passkey changes nothing of it', async () => {
  const { visitor, email } = await newOwnerOfPasskey()
  const stranger = await newVisitor(site)
  await open(stranger)
  await signInByCode(stranger, email)
  await seeAccount(stranger, email)
  await stranger.clickText('Remove: Chrome on Linux')
  await stranger.see('This device is new to your account. You can change this in 24 hours.')
  await picture(stranger, 'a-new-device-waits')
  await stranger.clickText('Delete account')
  await stranger.click('.editor .primary')
  await stranger.see(/cannot be undone[\s\S]*This device is new to your account/)
  await stranger.leave()
  await visitor.leave()
})

test('at an address, where browsers have none, the page offers none', async () => {
  const visitor = await newVisitor(origin)
  await visitor.page.goto(`${origin}/sign-in`, { waitUntil: 'networkidle0' })
  const input = await visitor.find('#identifier')
  assert.doesNotMatch(String(await input.evaluate((field) => field.getAttribute('autocomplete'))), /webauthn/)
  assert.equal(
    await visitor.page.evaluate(() =>
      document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelector('.passkey'),
    ),
    null,
  )
  await visitor.leave()
})
