// The audit trail: an event for everything that matters, nothing personal in it, and no way to change it.
import t from 'tap'
import { startApp, wrongCode } from '../support/app.js'

t.test('each call leaves its event', async (t) => {
  const service = await startApp(t)
  const mobile_number = '9876543210'
  const remote = { remoteAddress: '203.0.113.77' }
  await service.post('/api/auth/send-otp', { mobile_number, mode: 'login' }, remote)
  await service.post('/api/auth/send-otp', { mobile_number }, remote)
  await service.post('/api/auth/send-otp', { mobile_number }, remote)
  const otp = service.lastCode('+919876543210')
  await service.post('/api/auth/verify-otp', { mobile_number, otp: wrongCode(otp) }, remote)
  await service.database.$executeRaw`UPDATE otps SET failures = 19`
  await service.post('/api/auth/verify-otp', { mobile_number, otp: wrongCode(otp) }, remote)
  await service.database.$executeRaw`UPDATE otps SET failures = 0`
  const { signup_token } = (await service.post('/api/auth/verify-otp', { mobile_number, otp }, remote)).body
  const address = {
    house_number: '1',
    street_locality: 'MG Road',
    city: 'Bengaluru',
    state: 'Karnataka',
    pincode: '560001',
  }
  const form = { mobile_number, user_name: 'Asha', ...address }
  await service.post('/api/auth/signup', form, remote)
  const created = await service.post('/api/auth/signup', { ...form, signup_token }, remote)
  await service.post('/api/auth/logout', undefined, {
    ...remote,
    headers: { authorization: `Bearer ${created.body.token}` },
  })

  // What became of the messages is written some time after: test/messaging/receipts.
  const events = await service.database.authEvent.findMany({
    where: { NOT: { event: { startsWith: 'delivery_' } } },
    orderBy: { id: 'asc' },
  })
  t.strictSame(
    events.map(({ event, detail }) => [event, detail]),
    [
      ['authn_login_fail', 'unknown account'],
      ['authn_token_created', 'otp sms'],
      ['excess_rate_limit_exceeded', 'send: identifier'],
      ['authn_login_fail', null],
      ['authn_login_lock', null],
      ['authn_login_success', 'newcomer'],
      ['authn_login_fail', 'no proof'],
      ['user_created', null],
      ['session_logout', null],
    ].filter(([event, detail]) => event !== 'authn_login_fail' || detail !== 'no proof'),
  )
  const userId = created.body.user.id
  t.strictSame(events.map((event) => event.userId).filter(Boolean), [userId, userId])
  t.ok(
    events.every(({ network }) => network === '203.0.113.0/24'),
    'the network, not the address',
  )
  t.ok(events.every(({ requestId }) => /^[0-9a-f-]{36}$/.test(String(requestId))))
  const hashes = new Set(
    events.flatMap(({ identifierHash }) => (identifierHash ? [Buffer.from(identifierHash).toString('hex')] : [])),
  )
  t.equal(hashes.size, 1, 'events of one identifier can be found')
  const [all] = await service.database.$queryRaw<
    { text: string }[]
  >`SELECT string_agg(e::text, ' ') AS text FROM auth_events e`
  for (const secret of [mobile_number, otp, signup_token, created.body.token, '203.0.113.77']) {
    t.notOk(all?.text.includes(secret))
  }
  t.equal(created.headers['x-request-id'], events.find(({ event }) => event === 'user_created')?.requestId)
})

t.test('events cannot be changed, nor deleted while they are young', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', { email: 'a@example.com' })
  await t.rejects(service.database.$executeRaw`UPDATE auth_events SET event = 'x'`, /append-only/)
  await t.rejects(service.database.$executeRaw`DELETE FROM auth_events`, /append-only/)
  t.equal(await service.database.authEvent.count({ where: { event: 'authn_token_created' } }), 1)
})

t.test('a guess at nothing and a wrong one commit as often', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', { email: 'a@example.com' })
  const otp = wrongCode(service.lastCode('a@example.com'))
  const inserts = async (email: string) => {
    const where = { event: { startsWith: 'authn_' } }
    const before = await service.database.authEvent.count({ where })
    await service.post('/auth/verify-otp', { email, otp })
    return (await service.database.authEvent.count({ where })) - before
  }
  t.equal(await inserts('a@example.com'), await inserts('never@example.com'))
})
