// Lighthouse's audits of the page at /sign-in, as a phone sees it. What they say of time is told and not asserted: timings are the machine's.
import assert from 'node:assert/strict'
import lighthouse from 'lighthouse'
import { startProcess } from './service.js'
import { afterAll, launchBrowser, test } from './support.js'

// As in production, with drivers that nothing is sent with here.
const { origin, stop } = await startProcess({
  NODE_ENV: 'production',
  SIGN_IN_PAGE: 'on',
  SMS_DRIVERS: 'twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0'.repeat(32),
  TWILIO_FROM: 'Acme',
  EMAIL_DRIVERS: 'smtp',
  SMTP_URL: 'smtp://127.0.0.1:9',
  EMAIL_FROM: 'Acme <codes@acme.example>',
})
afterAll(stop)

test('x', async () => {
  const browser = await launchBrowser()
  const port = Number(new URL(browser.wsEndpoint()).port)
  const result = await lighthouse(`${origin}/sign-in`, { port, logLevel: 'error' })
  assert.ok(result)
  for (const c of Object.values(result.lhr.categories)) console.log(c.id, c.score)
  for (const a of Object.values(result.lhr.audits)) if (a.score !== null && a.score < 1) console.log(a.id, a.score, a.displayValue, JSON.stringify((a.details as any)?.items)?.slice(0,300))
  console.log(Object.values(result.lhr.audits).map(a=>`${a.id}=${a.score}`).join(' '))
})
