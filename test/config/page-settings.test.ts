// The settings of the page at /sign-in: what each takes, and what is refused by name.
import fc from 'fast-check'
import t from 'tap'
import { contrast, inkOn, readable } from '../../src/config/color.js'
import { testConfig } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'

const read = (overrides: Record<string, string>) => testConfig(overrides).page
const faultsOf = (overrides: Record<string, string>) => problemsThrownBy(() => testConfig(overrides))
const production = { NODE_ENV: 'production', SMS_DRIVERS: 'webhook', EMAIL_DRIVERS: 'webhook', CHALLENGE: '' }
const gateway = {
  SENDER_WEBHOOK_URL: 'https://gateway.internal/codes',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
}

t.test('without any: off but in development, named as messages are, nowhere to go back to', async (t) => {
  t.strictSame(read({ APP_NAME: 'Shop' }), {
    isOn: false,
    hasConsole: false,
    flow: 'identifier',
    brand: { name: 'Shop', logoUrl: undefined, color: undefined },
    faintOn: [],
    returnToOrigins: [],
  })
  t.match(read({ NODE_ENV: 'development' }), { isOn: true, hasConsole: true })
  t.equal(read({ NODE_ENV: 'development', ADMIN_CONSOLE: 'off' }).hasConsole, false)
  t.equal(read({ NODE_ENV: 'development', SIGN_IN_PAGE: 'off' }).isOn, false)
  t.match(testConfig({ ...production, ...gateway }).page, { isOn: false, hasConsole: false })
  t.equal(testConfig({ ...production, ...gateway, ADMIN_CONSOLE: 'on' }).page.hasConsole, true)
  t.equal(testConfig({ ...production, ...gateway, SIGN_IN_PAGE: 'on' }).page.isOn, true)
})

t.test('a brand: name, logo, colour', async (t) => {
  const settings = {
    BRAND_NAME: ' Chai & Co ',
    BRAND_LOGO_URL: '/brand/logo.svg?v=2',
    BRAND_COLOR: '#0B57D0',
    SIGN_IN_FLOW: 'mobile',
  }
  t.match(read(settings), {
    flow: 'mobile',
    brand: { name: 'Chai & Co', logoUrl: '/brand/logo.svg?v=2', color: '#0b57d0' },
    faintOn: ['dark'],
  })
  t.equal(read({ BRAND_COLOR: '#Fb0' }).brand.color, '#ffbb00')
  for (const name of ['\u0007bell', 'a\nb', 'x'.repeat(61), '\u202eevil', '   '])
    t.match(faultsOf({ BRAND_NAME: name }), [/^BRAND_NAME must be 1 to 60 characters/], JSON.stringify(name))
  const logos = [
    'https://cdn.example/logo.svg',
    '//cdn.example/l',
    '/\\cdn.example/l',
    '/a\\b',
    '/.//cdn.example',
    'logo.svg',
    '/',
    '/a b',
    '/é',
  ]
  for (const logo of logos)
    t.match(faultsOf({ BRAND_LOGO_URL: logo }), [/^BRAND_LOGO_URL must be a path of the same origin/], logo)
  for (const color of ['blue', '#12345', '0b57d0', '#0b57d0ff', 'rgb(0,0,0)', '#fff;}'])
    t.match(faultsOf({ BRAND_COLOR: color }), [/^BRAND_COLOR must be a colour such as/], color)
  t.match(faultsOf({ SIGN_IN_FLOW: 'both' }), [/^SIGN_IN_FLOW must be one of identifier, mobile/])
})

t.test('text on any colour can be read (WCAG 2.2, 1.4.3), and a faint colour is known', async (t) => {
  t.equal(contrast('#ffffff', '#000000').toFixed(1), '21.0')
  t.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffff }), (number) => {
      const color = `#${number.toString(16).padStart(6, '0')}`
      return contrast(color, inkOn(color)) >= readable
    }),
    { numRuns: 300 },
  )
  t.strictSame(read({ BRAND_COLOR: '#ff0' }).faintOn, ['light'])
  t.strictSame(read({ BRAND_COLOR: '#000' }).faintOn, ['dark'])
  t.strictSame(read({ BRAND_COLOR: '#767676' }).faintOn, ['dark'])
})

t.test('origins to go back to are exact, and https in production but on loopback', async (t) => {
  const origins = 'https://shop.example,http://localhost:5173, https://app.example:8443'
  const parsed = ['https://shop.example', 'http://localhost:5173', 'https://app.example:8443']
  t.strictSame(read({ RETURN_TO_ORIGINS: origins }).returnToOrigins, parsed)
  t.strictSame(testConfig({ ...production, ...gateway, RETURN_TO_ORIGINS: origins }).page.returnToOrigins, parsed)
  t.strictSame(read({ RETURN_TO_ORIGINS: 'http://shop.test' }).returnToOrigins, ['http://shop.test'])
  const wrong = [
    '*',
    'https://*.example',
    'https://shop.example/',
    'https://shop.example/cb',
    'HTTPS://shop.example',
    'shop.example',
    'null',
  ]
  wrong.push(
    'https://user@shop.example',
    'https://shop.example:443',
    'capacitor://localhost',
    'javascript:alert(1)',
    'https://shop.example#x',
  )
  for (const origin of wrong) t.match(faultsOf({ RETURN_TO_ORIGINS: origin }), [/^RETURN_TO_ORIGINS must be/], origin)
  const plain = faultsOf({ ...production, ...gateway, RETURN_TO_ORIGINS: 'http://shop.test' })
  t.match(plain, [/^RETURN_TO_ORIGINS must be/])
})
