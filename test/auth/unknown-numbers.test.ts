// Numbers that the metadata does not know: which settings let them in, and that none of them gets a code without a challenge.
import t from 'tap'
import { IdentifierParser } from '../../src/identifiers/parser.js'
import type { CountryCode, Latitude } from '../../src/identifiers/phone.js'
import { normalizeInternationalPhone, normalizePhone, storedPhone } from '../../src/identifiers/phone.js'
import { startApp } from '../support/app.js'
import { join, joinAsAdmin } from '../users/people.js'

const possible: Latitude = { check: 'possible', extraRanges: [] }
const ranges: Latitude = { check: 'valid', extraRanges: ['+1624', '+1861', '+1658'] }

t.test('what the settings let in needs a challenge; what is known to be none of mobiles stays out', async (t) => {
  const letIn: [string, CountryCode, Latitude][] = [
    ['+16243334444', 'US', ranges],
    ['+18613334444', 'US', ranges],
    ['+14363334444', 'US', possible],
    ['+16583101234', 'JM', ranges],
    ['+16583101234', 'JM', possible],
    ['+43999123456', 'AT', possible],
  ]
  for (const [number, country, latitude] of letIn) {
    const expected = { method: 'phone', identifier: number, country, needsChallenge: true }
    t.match(normalizeInternationalPhone(number, [country], latitude), expected, number)
    t.equal(normalizeInternationalPhone(number, [country]), 'not_valid', `${number}, by default`)
  }
  const stayOut: [string, CountryCode, string][] = [
    ['+14363334444', 'IN', 'not_valid'],
    ['+1436333444', 'US', 'not_valid'],
    ['+19002234567', 'US', 'number_type_not_supported'],
    ['+18002234567', 'US', 'number_type_not_supported'],
    ['+8816123456789', 'US', 'country_not_supported'],
    ['+88216123456', 'US', 'country_not_supported'],
    ['+911123456789', 'IN', 'number_type_not_supported'],
    ['+390612345678', 'IT', 'number_type_not_supported'],
    ['+22997123456', 'BJ', 'not_valid'],
  ]
  const widest: Latitude = { check: 'possible', extraRanges: ['+1', '+91', '+39', '+88'] }
  for (const [number, country, fault] of stayOut) {
    const judged = normalizeInternationalPhone(number, [country], fault === 'not_valid' ? ranges : widest)
    t.equal(judged, fault, number)
  }
  t.equal(normalizePhone('+290', '0123', ['TA'], possible), 'not_valid', 'a country without mobiles of its own')
  const known = normalizePhone('+1', '2025550123', ['US'], widest)
  t.notOk(Object.hasOwn(Object(known), 'needsChallenge'), 'a number that is known needs none')
})

t.test(
  'of a number that is not known, all spellings are one, and of two that a text could be it is neither',
  async (t) => {
    const parser = new IdentifierParser({
      ...{ defaultCountry: 'AT', countries: ['DE', 'AT'], channels: ['sms'], latitude: possible },
    })
    for (const text of ['0999 123456', '999123456', '+43 999 123456', '0043 999/123456']) {
      t.match(parser.fromMobileNumber(text), { identifier: '+43999123456', needsChallenge: true }, text)
    }
    t.throws(() => parser.fromMobileNumber('43 664 1234567'), { code: 'validation_failed' }, 'also 0436641234567')
    t.match(parser.fromMobileNumber('0664 1234567'), { identifier: '+436641234567' })
    t.equal(normalizePhone('+7', '8991234567', ['RU'], possible), 'not_valid', 'a trunk prefix or its first digit')
    const shared = new IdentifierParser({
      ...{ defaultCountry: 'CA', countries: ['US', 'CA'], channels: ['sms'], latitude: possible },
    })
    t.match(shared.fromMobileNumber('436 333 4444'), { country: 'CA' }, 'of those that share a prefix, the default one')
  },
)

t.test('what is stored is taken as it is, where a message may go there', async (t) => {
  t.match(storedPhone('+22997123456', ['BJ']), {
    identifier: '+22997123456',
    country: 'BJ',
    nationalNumber: '97123456',
  })
  t.match(storedPhone('+18765550123', ['US']), null)
  t.equal(storedPhone('+22997123456', ['IN']), null)
  t.equal(storedPhone('+9999999999', ['IN']), null)
  const parser = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['email'] })
  t.equal(parser.fromStored('+919876543210'), null)
  t.match(parser.fromStored('asha@example.com'), { method: 'email' })
})

t.test('where challenges are off, no code goes to one, in neither flow, and nothing of it is counted', async (t) => {
  const settings = {
    DEFAULT_COUNTRY: 'US',
    SMS_COUNTRIES: 'US',
    PHONE_EXTRA_RANGES: '+1624',
  }
  const service = await startApp(t, { settings: { ...settings, TEST_OTPS: '+16243334444:123456@2099-01-31' } })
  const asha = await join(service, 'asha@example.com')
  const admin = await joinAsAdmin(service)
  t.equal((await admin.post('/users', { phone: '+16243334446' })).status, 201, 'an account may have one')
  const before = await service.database.otp.count()
  for (const answer of [
    await service.post('/auth/request-otp', { phonePrefix: '+1', phone: '624 333 4445' }),
    await service.post('/api/auth/send-otp', { mobile_number: '6243334445', mode: 'login' }),
    await service.post('/api/auth/send-otp', { mobile_number: '+1 (624) 333-4446' }),
    await asha.post('/users/me/identifiers', { phone: '+16243334445' }),
  ]) {
    t.match([answer.status, answer.body.code], [400, 'number_type_not_supported'])
    t.strictSame(answer.body.errors, ['Numbers of this range get no code here yet'])
  }
  t.equal(await service.database.otp.count(), before)
  t.equal(await service.database.identifierLimit.count({ where: { identifier: { startsWith: '+1' } } }), 0)
  t.notOk(service.messages.some(({ to }) => to.startsWith('+1')))
  const guess = await service.post('/api/auth/verify-otp', { mobile_number: '6243334445', otp: '123456' })
  t.equal(guess.status, 401)
  const fixed = await service.post('/api/auth/send-otp', { mobile_number: '6243334444' })
  t.equal(fixed.status, 200, 'a fixed code sends nothing')
})
