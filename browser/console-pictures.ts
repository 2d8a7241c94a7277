// Pictures of the console for the documents, of the real service with a day's events in its database (screenshots.ts takes them).
import { join } from 'node:path'
import { startProcess } from './service.js'
import { newVisitor, type Visitor } from './support.js'

const sizes = { 320: 640, 1280: 860 } as const
const people = [
  ['Asha Rao', '9876543210'],
  ['Ravi Kumar', '9812345678'],
  ['Meera Iyer', '9898989801'],
] as const
const agents = [
  'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
]

/** Of who stands on the first picture: what happened to her phone, as a trail of a few days. */
const trail = `
  INSERT INTO auth_events (event, user_id, identifier_hash, happened_at, network, channel, country, driver, message_id, detail)
  SELECT t.event, CASE WHEN t.event LIKE 'authn_login_s%' THEN a.user_id END, a.identifier_hash, now() - t.ago::interval,
    '203.0.113.0/24', t.channel, t.country, t.driver, t.message_id, t.detail
  FROM (SELECT e.user_id, e.identifier_hash FROM auth_events e JOIN users u ON u.id = e.user_id
    WHERE u.user_name = 'Asha Rao' AND e.identifier_hash IS NOT NULL LIMIT 1) AS a,
  (VALUES
    ('delivery_accepted', '8 minutes', 'sms', 'IN', 'twilio', 'p1', NULL),
    ('delivery_confirmed', '7 minutes', 'sms', 'IN', 'twilio', 'p1', NULL),
    ('authn_login_fail', '6 minutes', NULL, NULL, NULL, NULL, NULL),
    ('excess_rate_limit_exceeded', '50 minutes', NULL, NULL, NULL, NULL, 'send: identifier'),
    ('delivery_accepted', '55 minutes', 'sms', 'IN', 'twilio', 'p2', NULL),
    ('delivery_failed', '54 minutes', 'sms', 'IN', 'twilio', 'p2', '30003 Unreachable destination handset'),
    ('authn_login_lock', '3 hours', NULL, NULL, NULL, NULL, NULL)
  ) AS t (event, ago, channel, country, driver, message_id, detail)`

/** What a day sends: accepted, of which so many are confirmed. */
const day = `
  INSERT INTO auth_events (event, identifier_hash, happened_at, channel, country, driver, message_id)
  SELECT e.event, sha256(convert_to(d.name || n, 'UTF8')), now() - interval '30 minutes', d.channel, d.country, d.driver,
    CASE WHEN e.event <> 'authn_login_success' THEN d.name || n END
  FROM (VALUES ('a', 'sms', 'IN', 'twilio', 1834, 0.97, 0.88), ('b', 'sms', 'US', 'twilio', 412, 0.95, 0.81),
    ('c', 'sms', 'AE', 'webhook', 96, 0.4, 0.06), ('d', 'email', NULL, 'smtp', 1270, 0, 0.9)) AS d (name, channel, country, driver, count, delivered, verified),
  generate_series(1, d.count) AS n,
  LATERAL (VALUES ('delivery_accepted', true), ('delivery_confirmed', n <= d.count * d.delivered),
    ('authn_login_success', n <= d.count * d.verified)) AS e (event, is_there)
  WHERE e.is_there`

/** In the other languages one theme for each width shows enough. */
const looks = [
  { language: 'en', width: 320, theme: 'light' },
  { language: 'en', width: 320, theme: 'dark' },
  { language: 'en', width: 1280, theme: 'light' },
  { language: 'en', width: 1280, theme: 'dark' },
  { language: 'hi', width: 320, theme: 'light' },
  { language: 'hi', width: 1280, theme: 'dark' },
  { language: 'ar', width: 320, theme: 'light' },
  { language: 'ar', width: 1280, theme: 'dark' },
] as const

/** @param only takes those alone whose name has it */
export async function takeConsolePictures(folder: string, only: string | undefined): Promise<void> {
  const { origin, query, stop } = await startProcess({
    BRAND_NAME: 'Acme',
    OTP_RESEND_COOLDOWN: '1',
    MESSAGE_COSTS: 'IN:0.2,US:0.8,AE:3.1,email:0.01',
    MESSAGE_COST_CURRENCY: 'INR',
  })

  async function enter(who: object, agent: string): Promise<{ id: string; token: string }> {
    const headers = { 'content-type': 'application/json', 'user-agent': agent }
    const post = async (path: string, body: object) =>
      (await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()
    await query('UPDATE otps SET resend_at = now()')
    const { otp } = await post('/auth/request-otp', who)
    const { user, token } = await post('/auth/verify-otp', { ...who, otp })
    return { id: user.id, token }
  }

  const ids: string[] = []
  for (const [name, phone] of [...people].reverse()) {
    for (const agent of agents) {
      const { id } = await enter({ phonePrefix: '+91', phone }, agent)
      if (agent === agents[0]) ids.unshift(id)
      await query('UPDATE users SET user_name = $2::text, name_key = lower($2::text) WHERE id = $1', [id, name])
    }
  }
  await query(`UPDATE users SET email = 'asha.rao@example.com' WHERE id = $1`, [ids[0]])
  await query(trail)
  await query(day)
  await query(`INSERT INTO country_breakers (country, closed_until) VALUES ('AE', now() + interval '40 minutes')`)
  const admin = await enter({ email: 'admin@example.com' }, String(agents[1]))
  await query(`UPDATE users SET role = 'ADMIN', user_name = 'Priya Nair', name_key = 'priya nair' WHERE id = $1`, [
    admin.id,
  ])

  async function signIn(visitor: Visitor): Promise<void> {
    await query('UPDATE otps SET resend_at = now()')
    await query('DELETE FROM identifier_limits')
    await visitor.page.goto(`${origin}/admin`, { waitUntil: 'networkidle0' })
    await visitor.click('.switch label:last-child')
    await visitor.type('#identifier', 'admin@example.com')
    await visitor.click('.primary')
    await visitor.type('#code', await visitor.lastCode())
    await visitor.find('.results li')
  }

  const views = { users: '/admin', user: `/admin/users/${ids[0]}`, numbers: '/admin/numbers', blocks: '/admin/blocks' }
  for (const look of looks) {
    const name = (view: string) => `console-${view}-${look.language}-${look.width}-${look.theme}`
    if (only && !Object.keys(views).some((view) => name(view).includes(only))) continue
    const visitor = await newVisitor(origin, { ...look, height: sizes[look.width] })
    await signIn(visitor)
    for (const [view, path] of Object.entries(views)) {
      await visitor.page.goto(`${origin}${path}`, { waitUntil: 'networkidle0' })
      await visitor.page.screenshot({ path: join(folder, `${name(view)}.png`), fullPage: true })
    }
    await visitor.leave()
  }
  await stop()
}
