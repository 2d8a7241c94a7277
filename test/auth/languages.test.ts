// Which language somebody gets a message in: the one asked for, else the account's own, else the default.
import t from 'tap'
import { ConfigError } from '../../src/config/reader.js'
import { startApp, type TestApp } from '../support/app.js'
import { forgetSends } from '../support/limits.js'

const to = '+919876543210'
const phone = { phonePrefix: '+91', phone: '9876543210' }
const asking = (languages: string) => ({ headers: { 'accept-language': languages } })

/** The language of the message that a send brings. */
async function localeOfSend({ database, messages, post }: TestApp, body: object, options = {}): Promise<string> {
  await forgetSends(database)
  const answer = await post('/auth/request-otp', body, options)
  return answer.status === 200 ? String(messages.at(-1)?.locale) : answer.text
}

t.test('the request, then the account, then the default', async (t) => {
  const service = await startApp(t, { settings: { DEFAULT_LOCALE: 'ta' } })
  t.equal(await localeOfSend(service, phone), 'ta', 'the default')
  t.equal(await localeOfSend(service, phone, asking('sw, hi-IN;q=0.5, en;q=0.4')), 'hi', 'the best that is ours')
  t.match(service.messages.at(-1)?.text, /आपका Latchkey कोड है/)

  await service.post('/auth/verify-otp', { ...phone, otp: service.lastCode(to) }, asking('sw, bn;q=0.9, hi;q=0.8'))
  t.match(await service.database.user.findFirst(), { phone: to, locale: 'bn' }, 'of the request that made the account')
  t.equal(await localeOfSend(service, phone), 'bn', 'the account’s own')
  t.equal(await localeOfSend(service, phone, asking('sw')), 'bn', 'also where the request asks for none of ours')
  t.equal(await localeOfSend(service, phone, asking('*')), 'bn')
  t.equal(await localeOfSend(service, phone, asking('fr-CA')), 'fr', 'the request wins')
  t.equal(await localeOfSend(service, phone, asking('hi_IN')), 'hi', 'the name of a locale')
  t.equal(await localeOfSend(service, phone, asking('hi_IN.UTF-8;q=0.5, zh_TW_#Hant')), 'zh-Hant')
  t.equal(await localeOfSend(service, phone, asking('de_AT@euro;q=0.4, zh_Hant_TW;q=0.3')), 'de')
  t.equal(await localeOfSend(service, phone, asking('fr;q=0, ,;;, en-US-x-1, not a tag!, zh-TW')), 'en')
  t.equal(await localeOfSend(service, phone, asking('not_a_tag, 12345')), 'bn', 'junk is no language')

  await service.database.$executeRaw`UPDATE users SET locale = 'xx'`
  t.equal(await localeOfSend(service, phone), 'ta', 'words that are gone')
})

t.test('mail is no different, and an account made without a language has none', async (t) => {
  const service = await startApp(t)
  const email = { email: 'asha@example.com' }
  t.equal(await localeOfSend(service, email, asking('ar-EG')), 'ar')
  t.match(service.messages.at(-1), { subject: /هو رمزك/, html: /dir="rtl"/ })
  const signedIn = await service.post(
    '/auth/verify-otp',
    { ...email, otp: service.lastCode(email.email) },
    asking('sw'),
  )
  t.match(await service.database.user.findFirst(), { locale: null })
  t.notOk('locale' in signedIn.body.user, 'no part of a user as the API shows one')
  t.equal(await localeOfSend(service, email), 'en')
})

t.test('signing up keeps the language too', async (t) => {
  const service = await startApp(t)
  await service.post('/api/auth/send-otp', { mobile_number: '9876543210' }, asking('mr'))
  t.match(service.messages.at(-1), { locale: 'mr' })
  const verified = await service.post('/api/auth/verify-otp', {
    mobile_number: '9876543210',
    otp: service.lastCode(to),
  })
  const form = {
    mobile_number: '9876543210',
    signup_token: verified.body.signup_token,
    user_name: 'Asha Rao',
    house_number: '12B',
    street_locality: 'MG Road',
    city: 'Pune',
    state: 'Maharashtra',
    pincode: '411001',
  }
  t.equal((await service.post('/api/auth/signup', form, asking('mr-IN,en;q=0.5'))).status, 201)
  t.match(await service.database.user.findFirst(), { locale: 'mr' })
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await service.post('/api/auth/send-otp', { mobile_number: '9876543210', mode: 'login' })
  t.match(service.messages.at(-1), { locale: 'mr' })
})

t.test('what would take more than one segment is logged at start, where SMS are sent', async (t) => {
  const settings = { APP_NAME: 'n'.repeat(30), WEBOTP_DOMAIN: 'login.latchkey.co.in' }
  const service = await startApp(t, { settings })
  t.match(service.logged(), /SMS take more than one segment; shorten APP_NAME or WEBOTP_DOMAIN/)
  t.match(service.logged(), /"locales":\["[a-z]/)
  t.notMatch((await startApp(t, { settings: { ...settings, CHANNELS: 'email' } })).logged(), /more than one segment/)
  t.notMatch((await startApp(t)).logged(), /more than one segment/)
})

t.test('words that cannot be sent stop the start', async (t) => {
  const MESSAGES_DIR = t.testdir({ 'en.json': '{"sms":["Hello"]}' })
  const refusal = new ConfigError(['MESSAGES_DIR en.json: sms[0]: must contain {code}'])
  await t.rejects(startApp(t, { settings: { MESSAGES_DIR } }), refusal)
})
