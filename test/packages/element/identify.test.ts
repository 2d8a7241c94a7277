// What is typed into the element's first field.
import t from 'tap'
import {
  firstCountry,
  flagOf,
  methodOf,
  readIdentifier,
  searchCountries,
  splitPrefix,
} from '../../../packages/element/src/identify.js'

const countries = [
  { country: 'CA', name: 'Canada', prefix: '+1', example: '' },
  { country: 'GG', name: 'Guernsey', prefix: '+44', example: '' },
  { country: 'IN', name: 'India', prefix: '+91', example: '8123456789' },
  { country: 'RE', name: 'Réunion', prefix: '+262', example: '' },
  { country: 'GB', name: 'United Kingdom', prefix: '+44', example: '' },
  { country: 'US', name: 'United States', prefix: '+1', example: '' },
]
const phone = (text: string, current = 'IN') => readIdentifier(text, 'phone', countries, current)
const email = (text: string) => readIdentifier(text, 'email', countries, 'IN')

t.test('a phone goes as it was typed, with the prefix that was chosen', async (t) => {
  t.match(phone(' 98765-43210 '), { who: { phonePrefix: '+91', phone: '98765-43210' } })
  t.match(phone('९८७६५४३२१०'), { who: { phone: '9876543210' } })
  for (const wrong of ['', '12', 'asha', '98765 43210 ext 4'])
    t.match(phone(wrong), { problem: 'phone_invalid' }, wrong)
  t.match(readIdentifier('9876543210', 'phone', [], 'IN'), { problem: 'phone_invalid' })
})

t.test('an international number brings its country along', async (t) => {
  t.match(phone('+44 7400 123456'), { who: { phonePrefix: '+44', phone: '7400123456', shown: '+44 7400123456' } })
  t.match(phone('0091 98765 43210', 'US'), { who: { phonePrefix: '+91', phone: '9876543210' } })
  t.match(phone('+33612345678'), { problem: 'country_not_supported' })
  t.equal(splitPrefix('+1 204 234 5678', countries, 'CA')?.country?.country, 'CA', 'the chosen one stays')
  t.equal(splitPrefix('+1 204 234 5678', countries, 'IN')?.country?.country, 'US', 'else the one it is known for')
  t.equal(splitPrefix('+262692123456', countries, 'IN')?.country?.country, 'RE')
  t.equal(splitPrefix('9876543210', countries, 'IN'), null)
})

t.test('emails are trimmed, and the service looks closer', async (t) => {
  t.match(email(' asha@example.com\u200b'), { who: { email: 'asha@example.com' } })
  for (const wrong of ['asha', '@example.com', 'a b@example.com'])
    t.match(email(wrong), { problem: 'email_invalid' }, wrong)
})

t.test('what a text is meant to be', async (t) => {
  t.equal(methodOf('asha@'), 'email')
  t.equal(methodOf('＠'), 'email')
  t.equal(methodOf('+91 987'), 'phone')
  t.equal(methodOf('987'), null)
  t.equal(methodOf('asha12345'), null)
})

t.test('the country to begin with', async (t) => {
  t.equal(firstCountry(countries, 'gb', ['hi-IN']), 'GB')
  t.equal(firstCountry(countries, null, ['en', 'hi_IN']), 'IN')
  t.equal(firstCountry(countries, 'FR', ['fr-FR']), 'CA')
  t.equal(firstCountry([], null, []), '')
})

t.test('countries are found by name, code and prefix', async (t) => {
  const found = (text: string) => searchCountries(countries, text).map(({ country }) => country)
  t.strictSame(found('united'), ['GB', 'US'])
  t.strictSame(found('reunion'), ['RE'])
  t.equal(found('gb')[0], 'GB', 'a code comes first')
  t.strictSame(found('in').slice(0, 1), ['IN'])
  t.strictSame(found('king'), ['GB'])
  t.strictSame(found('+4'), ['GG', 'GB'])
  t.strictSame(found('९१'), ['IN'])
  t.strictSame(found('nowhere'), [])
  t.equal(found(' ').length, countries.length)
  t.equal(flagOf('IN'), '🇮🇳')
})
