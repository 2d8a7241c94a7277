// Many requests at once: codes are guessed at, used and sent as often as the rules say, however parallel the world is.
import t from 'tap'
import { startApp, type TestApp, wrongCode } from '../support/app.js'

const to = '+919876543210'

/** The same races through both flows: neither may be weaker. */
const flows = {
  mobile: {
    send: (service: TestApp) => service.post('/api/auth/send-otp', { mobile_number: '9876543210' }),
    verify: (service: TestApp, otp: string) =>
      service.post('/api/auth/verify-otp', { mobile_number: '9876543210', otp }),
  },
  identifier: {
    send: (service: TestApp) => service.post('/auth/request-otp', { phonePrefix: '+91', phone: '9876543210' }),
    verify: (service: TestApp, otp: string) =>
      service.post('/auth/verify-otp', { phonePrefix: '+91', phone: '9876543210', otp }),
  },
}

function times<Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)))
}

async function tally(answers: Promise<{ status: number }[]>) {
  const counts: Record<number, number> = {}
  for (const { status } of await answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

for (const [name, { send, verify }] of Object.entries(flows)) {
  t.test(`${name} flow: 200 wrong guesses at once are 5 evaluated guesses`, async (t) => {
    const service = await startApp(t)
    await send(service)
    const right = service.lastCode(to)
    t.strictSame(await tally(times(200, () => verify(service, wrongCode(right)))), { 401: 200 })
    t.match(await service.database.otp.findFirst(), { attempts: 5, failures: 5 })
    t.equal((await verify(service, right)).status, 401, 'the code is dead')
  })

  t.test(`${name} flow: 50 right codes at once are one success`, async (t) => {
    const service = await startApp(t)
    await send(service)
    const right = service.lastCode(to)
    t.strictSame(await tally(times(50, () => verify(service, right))), { 200: 1, 401: 49 })
    const made = (await service.database.session.count()) + (await service.database.signupTicket.count())
    t.equal(made, 1, 'one session or one ticket')
  })

  t.test(`${name} flow: 50 sends at once are one code and one message`, async (t) => {
    const service = await startApp(t)
    const answers = await times(50, () => send(service))
    t.strictSame(await tally(Promise.resolve(answers)), { 200: 1, 429: 49 })
    t.equal(service.messages.length, 1)
    t.equal(await service.database.otp.count(), 1)
    for (const { status, body, headers } of answers) {
      if (status !== 429) continue
      t.match([body.code, body.retry_after], ['rate_limited', Number])
      t.equal(headers['retry-after'], String(body.retry_after))
      t.ok(body.retry_after >= 1 && body.retry_after <= 30)
    }
  })

  t.test(`${name} flow: one right code among 199 wrong ones`, async (t) => {
    const service = await startApp(t)
    await send(service)
    const right = service.lastCode(to)
    const counts = await tally(times(200, (index) => verify(service, index === 100 ? right : wrongCode(right))))
    t.ok((counts[200] ?? 0) <= 1)
    t.equal((counts[200] ?? 0) + (counts[401] ?? 0), 200)
    const otp = await service.database.otp.findFirst()
    t.ok((otp?.attempts ?? 9) <= 5, 'never more than five evaluated')
  })

  t.test(`${name} flow: sends and guesses interleaved neither fail nor deadlock`, async (t) => {
    const service = await startApp(t)
    const answers = times(200, (index) => (index % 2 ? send(service) : verify(service, '000000')))
    const counts = await tally(answers)
    t.strictSame(
      Object.keys(counts).filter((status) => Number(status) >= 500),
      [],
    )
    const [row] = await service.database.$queryRaw<{ deadlocks: bigint }[]>`
      SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
    t.equal(row?.deadlocks, 0n)
  })
}

t.test('a resend gives no new guess budget: 20 evaluated guesses in 24 hours, then nothing helps', async (t) => {
  const service = await startApp(t, { settings: { OTP_MAX_SENDS_PER_HOUR: '100', OTP_MAX_SENDS_PER_DAY: '100' } })
  const { mobile, identifier } = flows
  const statuses: number[] = []
  for (let round = 0; round < 8; round++) {
    const flow = round % 2 ? mobile : identifier
    statuses.push((await flow.send(service)).status)
    await times(30, () => flow.verify(service, wrongCode(service.lastCode(to))))
    await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  }
  t.strictSame(statuses, [200, 200, 200, 200, 429, 429, 429, 429])
  t.match(await service.database.otp.findFirst(), { failures: 20 })
  t.equal((await mobile.verify(service, service.lastCode(to))).status, 401, 'the right code no longer opens')

  const refused = await mobile.send(service)
  t.ok(refused.body.retry_after > 86_000 && refused.body.retry_after <= 86_400, 'the window is what to wait for')
  await service.database.$executeRaw`UPDATE otps SET failures_started_at = now() - interval '24 hours'`
  t.equal((await mobile.send(service)).status, 200, 'then the count starts again')
  t.match(await service.database.otp.findFirst(), { failures: 0, failuresStartedAt: null })
})

t.test('a success does not clear the count of wrong guesses inside the window', async (t) => {
  const service = await startApp(t)
  const { send, verify } = flows.identifier
  await send(service)
  await verify(service, wrongCode(service.lastCode(to)))
  t.equal((await verify(service, service.lastCode(to))).status, 200)
  await send(service)
  t.match(await service.database.otp.findFirst(), { failures: 1, attempts: 0 })
})

t.test('20 signups at once with one ticket are one account', async (t) => {
  const service = await startApp(t)
  const { send, verify } = flows.mobile
  await send(service)
  const { signup_token } = (await verify(service, service.lastCode(to))).body
  const form = {
    mobile_number: '9876543210',
    user_name: 'Asha',
    house_number: '1',
    street_locality: 'MG Road',
    city: 'Bengaluru',
    state: 'Karnataka',
    pincode: '560001',
    signup_token,
  }
  t.strictSame(await tally(times(20, () => service.post('/api/auth/signup', form))), { 201: 1, 403: 19 })
  const { user, address, session } = service.database
  t.strictSame([await user.count(), await address.count(), await session.count()], [1, 1, 1])
})

t.test('two people with a proof of one number each: one account, and the other one hears of it', async (t) => {
  const service = await startApp(t)
  const { send, verify } = flows.mobile
  const tickets: string[] = []
  for (let index = 0; index < 2; index++) {
    await send(service)
    tickets.push((await verify(service, service.lastCode(to))).body.signup_token)
  }
  const form = { user_name: 'Asha', house_number: '1', street_locality: 'x', city: 'x', state: 'x', pincode: '560001' }
  const answers = tickets.map((signup_token) =>
    service.post('/api/auth/signup', { mobile_number: '9876543210', ...form, signup_token }),
  )
  t.strictSame(await tally(Promise.all(answers)), { 201: 1, 409: 1 })
  t.equal(await service.database.user.count(), 1)
})

t.test('two replicas on one database are as strict as one', async (t) => {
  const first = await startApp(t)
  const second = await startApp(t, { databaseUrl: first.config.database.url })
  const replica = (index: number) => (index % 2 ? first : second)
  const { send, verify } = flows.mobile
  t.strictSame(await tally(times(20, (index) => send(replica(index)))), { 200: 1, 429: 19 })
  const right = [...first.messages, ...second.messages][0]?.code ?? ''
  await times(50, (index) => verify(replica(index), wrongCode(right)))
  t.match(await first.database.otp.findFirst(), { attempts: 5 })
})
