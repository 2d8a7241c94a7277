// @latchkey/client against the real service: both flows, the account, and what goes wrong.
import t from 'tap'
import { LatchkeyError } from '../../../packages/client/src/index.js'
import { wrongCode } from '../../support/app.js'
import { newEmail, newNumber } from '../../support/flows.js'
import { fetchWithCookies, startService } from './service.js'

/** One service for all of these. */
const started = startService(t)

const home = {
  user_name: 'Asha Rao',
  house_number: '12B',
  street_locality: 'MG Road',
  city: 'Bengaluru',
  state: 'Karnataka',
  pincode: '560001',
}

t.test('the mobile flow: login, signup with the proof of the number, and the device that is known after', async (t) => {
  const { service, newClient } = await started
  const { client, asked, storage } = newClient({ language: 'hi' })
  const mobile_number = newNumber()
  const unknown = { name: 'LatchkeyError', code: 'account_not_found', status: 404, needsSignup: true }
  await t.rejects(client.mobile.sendOtp({ mobile_number, mode: 'login' }), unknown)

  const sent = await client.mobile.sendOtp({ mobile_number, mode: 'signup' })
  t.match(sent, { success: true, expires_in: 300, resend_after: 30, attempts_allowed: 5 })
  t.equal(service.messages.at(-1)?.locale, 'hi')
  const proved = await client.mobile.verifyOtp({ mobile_number, otp: service.lastCode(`+91${mobile_number}`) })
  t.match(proved, { isNewUser: true, mobile_number, signup_token: String })
  t.equal(await client.token(), null)
  const incomplete = { code: 'validation_failed', status: 400, errors: [/pincode/] }
  await t.rejects(client.mobile.signup({ mobile_number, ...home, pincode: '1' }), incomplete)

  const { user, address, token } = await client.mobile.signup({ mobile_number, ...home })
  t.match(user, { user_name: 'Asha Rao', mobile_number, phone: `+91${mobile_number}` })
  t.match(address, { type: 'Home', is_default: true })
  t.equal(await client.token(), token)
  t.match(await client.me(), { id: user.id, addresses: [{ id: address.id }] })
  await t.rejects(client.mobile.signup({ mobile_number, ...home }), { code: 'verification_required' }, 'once')

  await client.logout()
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await client.mobile.sendOtp({ mobile_number, mode: 'login' })
  const device_token = await storage.get('latchkey.device')
  t.type(device_token, 'string')
  t.equal(asked.at(-1)?.body['device_token'], device_token, 'a logout forgets no device')
  const back = await client.mobile.verifyOtp({ mobile_number, otp: service.lastCode(`+91${mobile_number}`) })
  t.match(back, { isNewUser: false, user: { id: user.id } })
  t.equal(asked.at(-1)?.body['device_token'], device_token)
  t.ok(asked.every(({ init }) => init.credentials === 'omit' && init.redirect === 'error'))
})

t.test('the identifier flow, and everything that people do for themselves', async (t) => {
  const { service, newClient } = await started
  const { client, storage } = newClient()
  const email = newEmail()
  const phone = newNumber()
  const prefixes = await client.identifier.phonePrefixes()
  t.match(prefixes, [{ country: 'IN', prefix: '+91' }])
  const identifier = { phonePrefix: prefixes[0]?.prefix ?? '', phone }
  await client.identifier.requestOtp(identifier)
  const otp = service.lastCode(`+91${phone}`)
  const wrong = client.identifier.verifyOtp({ ...identifier, otp: wrongCode(otp) })
  await t.rejects(wrong, { code: 'otp_invalid', status: 401, requestId: String })
  t.match(await client.identifier.verifyOtp({ ...identifier, otp }), {
    isNewUser: true,
    user: { phone: `+91${phone}` },
  })

  await t.rejects(client.identifier.askForNewAccount('none'), { code: 'verification_required', status: 403 })
  t.match(await client.account.rename('Asha'), { user_name: 'Asha' })
  t.match(await client.request('GET /users/me'), { success: true, data: { user_name: 'Asha' } })
  const { user_name, pincode, ...texts } = home
  const first = await client.addresses.add({ ...texts, pincode })
  const second = await client.addresses.add({ ...texts, pincode, type: 'Work' })
  t.match(await client.addresses.change(second.id, { is_default: true }), { is_default: true, type: 'Work' })
  t.strictSame(await client.addresses.remove(first.id), { id: first.id })
  t.match(await client.addresses.list(), [{ id: second.id }])
  await t.rejects(client.addresses.remove(first.id), { code: 'not_found', status: 404 })

  await service.database.$executeRaw`UPDATE sessions SET proved_at = now() - interval '1 hour'`
  await t.rejects(client.account.export(), { code: 'step_up_required', status: 403 })
  t.match(await client.stepUp.send(), { method: 'phone', resend_after: 30 })
  t.match(await client.stepUp.verify(service.lastCode(`+91${phone}`)), { proven_until: String })
  t.match(await client.account.export(), { user: { user_name: 'Asha' }, addresses: [{ id: second.id }] })
  t.match(await client.identifiers.add({ email }), { method: 'email' })
  t.match(await client.identifiers.verify({ email, otp: service.lastCode(email) }), { email })
  t.match(await client.identifiers.remove('phone'), { phone: null, email })

  const other = newClient().client
  await other.identifier.requestOtp({ email })
  await other.identifier.verifyOtp({ email, otp: service.lastCode(email) })
  t.equal((await client.sessions.list()).length, 2)
  t.strictSame(await other.sessions.endOthers(), { ended: 1 })
  await t.rejects(client.me(), { code: 'unauthorized', status: 401 })
  t.equal(await storage.get('latchkey.token'), null, 'a token of no session is forgotten')

  t.match(await other.account.delete(), { id: String })
  t.equal(await other.token(), null)
  await t.rejects(other.me(), { code: 'unauthorized' })
})

t.test('sessions end one by one and all at once; a logout counts also where nobody hears it', async (t) => {
  const { service, newClient } = await started
  const email = newEmail()
  async function signedIn() {
    const made = newClient()
    await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
    await made.client.identifier.requestOtp({ email })
    await made.client.identifier.verifyOtp({ email, otp: service.lastCode(email) })
    return made
  }
  const [one, two, three] = [await signedIn(), await signedIn(), await signedIn()]
  const token = await one.client.token()
  await one.client.logout()
  t.equal(await one.client.token(), null)
  const me = await service.get('/api/auth/me', { headers: { authorization: `Bearer ${token}` } })
  t.equal(me.status, 401, 'the service ended the session')
  await one.client.logout()
  t.pass('twice is as good as once')

  const current = (await two.client.sessions.list()).find((session) => session.current)
  const ended = current?.id ?? ''
  t.strictSame(await three.client.sessions.end(ended), { id: ended })
  t.match(await three.client.sessions.endAll(), { ended: 1 })
  t.equal(await three.client.token(), null)

  const last = await signedIn()
  const signal = AbortSignal.abort(new Error('too slow'))
  await t.rejects(last.client.logout({ signal }), { message: 'too slow' })
  t.equal(await last.client.token(), null)
})

t.test('with cookies nothing is kept, and who is signed in is the service’s to say', async (t) => {
  const { service, newClient } = await started
  const { client, asked } = newClient({ storage: 'cookie', fetch: fetchWithCookies() })
  const email = newEmail()
  const events: string[] = []
  t.teardown(client.onChange((event) => events.push(event)))
  await t.rejects(client.me(), { code: 'unauthorized' })
  await client.identifier.requestOtp({ email })
  const { user } = await client.identifier.verifyOtp({ email, otp: service.lastCode(email) })
  t.match(await client.me(), { id: user.id })
  t.equal(await client.token(), null)
  t.equal(await client.refresh(), true)
  await client.logout()
  await t.rejects(client.me(), { code: 'unauthorized' })
  t.strictSame(events, ['signed_in', 'refreshed', 'signed_out'])
  t.ok(asked.every(({ init, token }) => init.credentials === 'include' && token === null))
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await client.identifier.requestOtp({ email })
  t.notOk('device_token' in (asked.at(-1)?.body ?? {}), 'the device is a cookie too')
})

t.test('limits and bad input are typed errors', async (t) => {
  const { newClient } = await started
  const { client } = newClient()
  const email = newEmail()
  await client.identifier.requestOtp({ email })
  const again = await client.identifier.requestOtp({ email }).catch((error: unknown) => error)
  t.ok(again instanceof LatchkeyError)
  t.match(again, { code: 'rate_limited', status: 429, message: String })
  const { retryAfter = 0 } = again as LatchkeyError
  t.ok(retryAfter > 20 && retryAfter <= 30, `${retryAfter} s`)
  await t.rejects(client.identifier.requestOtp({ email: 'no address' }), { code: 'validation_failed', status: 400 })
  const nowhere = client.request<{ none: true }>('GET /nowhere')
  await t.rejects(nowhere, { code: 'not_found', status: 404 })
})
