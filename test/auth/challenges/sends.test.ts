// A challenge instead of a closed door: where a send is asked for one, what a solution opens, and that it opens it once.
import type { Challenge } from 'altcha-lib'
import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import t, { type Test } from 'tap'
import { type Answer, startApp, type TestApp } from '../../support/app.js'
import { newNumber } from '../../support/flows.js'
import { forgetSends, numberOutsideTheTenth } from '../../support/limits.js'
import { verify } from '../../users/people.js'

const on = { CHALLENGE: 'altcha' }
const from = (remoteAddress: string) => ({ remoteAddress })

function send(service: TestApp, number: string, more: object = {}, address = '203.0.113.1') {
  return service.post('/auth/request-otp', { phonePrefix: '+91', phone: number, ...more }, from(address))
}

/** A replica that finds these budgets of SMS used up, each of ten. */
async function replicaWithout(t: Test, { config, database }: TestApp, kinds: readonly string[], settings: object = {}) {
  await forgetSends(database)
  await database.$executeRaw`
    INSERT INTO limit_counters (key, window_started_at, shard, count, expires_at)
    SELECT 'sms_hour:' || kind, date_bin('1 hour', now(), to_timestamp(0)), 0, 10, now() + interval '1 hour'
    FROM unnest(${kinds}::text[]) AS kind`
  return startApp(t, {
    settings: { ...on, SMS_BUDGET_PER_HOUR: '10', ...settings },
    databaseUrl: config.database.url,
  })
}

/** What a client sends back to an answer that asks for it. */
async function solutionOf({ body }: Answer) {
  const challenge = body.challenge as Challenge
  // No solver of ours has to begin at 0.
  return {
    challenge_solution: { challenge, solution: await solveChallenge({ challenge, deriveKey, counterStart: 1_000 }) },
  }
}

const asked = { status: 403, body: { code: 'challenge_required', challenge: { parameters: {}, signature: String } } }

t.test('beyond the budget of newcomers a solution opens 40 % more, each once, in all replicas', async (t) => {
  const service = await startApp(t, { settings: { ...on, SMS_BUDGET_PER_HOUR: '5' } })
  const { url } = service.config.database
  const other = await startApp(t, { settings: { ...on, SMS_BUDGET_PER_HOUR: '5' }, databaseUrl: url })
  for (let index = 0; index < 5; index += 1) t.equal((await send(service, newNumber())).status, 200, 'for nothing')
  const number = newNumber()
  const refused = await send(service, number)
  t.match(refused, asked)
  t.notOk('retry-after' in refused.headers, 'it is worth trying at once')
  const solution = await solutionOf(refused)
  t.match(await send(service, newNumber(), solution), asked, 'it is for one number')
  t.match(await send(service, number, { challenge_solution: 'nonsense' }), asked)
  t.equal((await send(other, number, solution)).status, 200, 'another replica takes it')
  t.equal(await service.database.spentChallenge.count(), 1)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  t.match(await send(service, number, solution), asked, 'once')

  const second = newNumber()
  t.equal((await send(service, second, await solutionOf(await send(service, second)))).status, 200)
  const third = newNumber()
  const over = await send(service, third, await solutionOf(await send(service, third)))
  t.match([over.status, over.body.code], [503, 'service_unavailable'], 'two are 40 % of five')
  t.equal(await service.database.spentChallenge.count(), 2, 'what opened nothing is not spent')
})

t.test('owners are asked nothing on their devices, and everywhere else what their number is asked', async (t) => {
  const service = await startApp(t, { settings: on })
  const number = newNumber()
  const { device_token, token } = (await verify(service, `+91${number}`)).body
  const replica = await replicaWithout(t, service, ['known', 'new'])
  t.match(await send(replica, number), asked)
  t.equal((await send(replica, number, { device_token })).status, 200)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await service.database.$executeRaw`DELETE FROM identifier_limits`

  const headers = { authorization: `Bearer ${token}` }
  for (const [url, fields] of [
    ['/users/me/step-up', {}],
    ['/users/me/identifiers', { phone: `+91${newNumber()}` }],
    ['/api/auth/send-otp', { mobile_number: newNumber() }],
  ] as const) {
    const refused = await replica.post(url, fields, { headers })
    t.match(refused, asked, url)
    const answer = await replica.post(url, { ...fields, ...(await solutionOf(refused)) }, { headers })
    t.equal(answer.status, 200, `${url} takes the solution`)
  }
})

t.test(
  'a country that is closed, a share of neighbours and a mailbox that are used up open to a solution',
  async (t) => {
    const service = await startApp(t, { settings: { ...on, IP_SEND_PER_HOUR: '1' } })
    await service.database.countryBreaker.create({
      data: { country: 'IN', closedUntil: new Date(Date.now() + 900_000) },
    })
    const number = await numberOutsideTheTenth(service)
    const closed = await send(service, number)
    t.match(closed, asked, 'the country')
    t.equal((await send(service, number, await solutionOf(closed), '203.0.113.2')).status, 200)

    for (let host = 10; host < 17; host += 1)
      await service.post('/auth/request-otp', { email: `p${host}@example.com` }, from(`203.0.113.${host}`))
    const neighbour = await service.post('/auth/request-otp', { email: 'asha@example.com' }, from('203.0.113.30'))
    t.match(neighbour, asked, 'the /24')
    const solved = { email: 'asha@example.com', ...(await solutionOf(neighbour)) }
    t.equal((await service.post('/auth/request-otp', solved, from('203.0.113.31'))).status, 200)
    const again = await service.post('/auth/request-otp', { email: 'b@example.com' }, from('203.0.113.30'))
    t.match([again.status, again.body.code], [429, 'rate_limited'], 'the address itself has had its share')
  },
)

t.test('in strict mode it is asked alike of who has an account and who has none', async (t) => {
  const service = await startApp(t, {
    settings: { ...on, ACCOUNT_DISCLOSURE: 'strict', SMS_BUDGET_PER_HOUR: '2' },
  })
  const known = newNumber()
  await verify(service, `+91${known}`)
  const unknown = newNumber()
  for (const kind of ['known', 'new']) {
    const replica = await replicaWithout(t, service, [kind], { ACCOUNT_DISCLOSURE: 'strict' })
    for (const number of [known, unknown]) {
      const name = number === known ? 'known' : 'unknown'
      t.match(await send(replica, number), asked, `${kind}: ${name}`)
      const mobile = await replica.post('/api/auth/send-otp', { mobile_number: number, mode: 'login' })
      t.match(mobile, asked, `${kind}: ${name}, to log in`)
      const solved = await send(replica, number, await solutionOf(mobile))
      t.equal(solved.status, 200, 'whoever solves it hears the same')
      await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
    }
  }
})

t.test('always: every stranger is asked, whatever is left; a fixed code and an owner are not', async (t) => {
  const fixed = '+919999900001'
  const settings = { ...on, CHALLENGE_WHEN: 'always', TEST_OTPS: `${fixed}:123456@2099-01-01` }
  const service = await startApp(t, { settings })
  const number = newNumber()
  const refused = await send(service, number)
  t.match(refused, asked)
  t.equal((await send(service, number, await solutionOf(refused))).status, 200)
  const otp = service.lastCode(`+91${number}`)
  const { body } = await service.post('/auth/verify-otp', { phonePrefix: '+91', phone: number, otp })
  t.equal((await send(service, number, { device_token: body.device_token })).status, 200)
  t.equal((await send(service, '9999900001')).status, 200)
})

t.test('a solution that a cooldown stops is not spent', async (t) => {
  const service = await startApp(t, { settings: { ...on, CHALLENGE_WHEN: 'always' } })
  const number = newNumber()
  const solution = await solutionOf(await send(service, number))
  const second = await solutionOf(await send(service, number))
  t.equal((await send(service, number, solution)).status, 200)
  t.equal((await send(service, number, second)).status, 429)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  t.equal((await send(service, number, second)).status, 200)
  t.match((await send(service, number, { challenge_solution: 7 })).body, { code: 'validation_failed' })
})

t.test('a number that the metadata does not know always needs one, also on a device of its owner', async (t) => {
  const settings = { ...on, DEFAULT_COUNTRY: 'US', SMS_COUNTRIES: 'US', PHONE_EXTRA_RANGES: '+1624' }
  const service = await startApp(t, { settings })
  const body = { phonePrefix: '+1', phone: '6243334445' }
  const refused = await service.post('/auth/request-otp', body)
  t.match(refused, asked)
  t.equal((await service.post('/auth/request-otp', { ...body, ...(await solutionOf(refused)) })).status, 200)
  const otp = service.lastCode('+16243334445')
  const { device_token } = (await service.post('/auth/verify-otp', { ...body, otp })).body
  t.match(await service.post('/auth/request-otp', { ...body, device_token }), asked)
})
