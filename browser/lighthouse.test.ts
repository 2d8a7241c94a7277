// Lighthouse's audits of the page at /sign-in as production serves it, on the phone that Lighthouse emulates. What depends on time
// (its category of performance) is printed and not asserted: that is the machine's as much as the page's.
import assert from 'node:assert/strict'
import lighthouse from 'lighthouse'
import { startProcess } from './service.js'
import { afterAll, launchBrowser, test } from './support.js'

// Drivers that production asks for, with which nothing is sent here.
const { origin, stop } = await startProcess({
  NODE_ENV: 'production',
  MIGRATE_ON_BOOT: 'true',
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

test('Lighthouse finds nothing wrong with accessibility, best practices and what search engines read', async () => {
  const browser = await launchBrowser()
  const port = Number(new URL(browser.wsEndpoint()).port)
  // The page is not to be found by search engines, so that one of their audits is left out.
  const result = await lighthouse(`${origin}/sign-in`, { port, logLevel: 'error', skipAudits: ['is-crawlable'] })
  assert.ok(result)
  const { categories, audits } = result.lhr
  const scores = Object.values(categories).map(({ id, score }) => `${id} ${Math.round(Number(score) * 100)}`)
  process.stdout.write(`# Lighthouse ${result.lhr.lighthouseVersion}: ${scores.join(', ')}\n`)
  for (const name of ['accessibility', 'best-practices', 'seo']) {
    const { auditRefs = [], score } = categories[name] ?? {}
    const counted = auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => audits[id])
    const wrong = counted.filter((audit) => audit !== undefined && audit.score !== null && audit.score < 1)
    assert.deepEqual(
      wrong.map((audit) => `${audit?.id}: ${audit?.title}`),
      [],
      name,
    )
    assert.equal(score, 1, name)
  }
})
