// Replacing the pepper on running replicas, by the steps of deploy/README.md: no right code is refused, no event is lost from an
// export, and no address gets a second share of its limits.
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startApp, type TestApp, testSecrets, wrongCode } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { join, verify } from '../users/people.js'

const today = testSecrets.OTP_PEPPER
const next = 'the next pepper, of 32 bytes and more'
const EVENT_KEY = today

/** The settings of a replica, step by step; two neighbours run side by side while a step is rolled out. */
const steps = [
  { name: 'before', settings: { OTP_PEPPER: today } },
  { name: 'accepting', settings: { OTP_PEPPER: today, OTP_PEPPER_PREVIOUS: next, EVENT_KEY } },
  { name: 'swapped', settings: { OTP_PEPPER: next, OTP_PEPPER_PREVIOUS: today, EVENT_KEY } },
  { name: 'after', settings: { OTP_PEPPER: next, EVENT_KEY } },
] as const

type Replica = TestApp & { name: string }

/** A replica for each step, all on one database. */
async function startReplicas(t: Test, settings: Record<string, string> = {}): Promise<Replica[]> {
  const replicas: Replica[] = []
  for (const { name, settings: ofStep } of steps) {
    const databaseUrl = replicas[0]?.config.database.url
    const app = await startApp(t, { settings: { ...settings, ...ofStep }, ...(databaseUrl && { databaseUrl }) })
    replicas.push({ ...app, name })
  }
  return replicas
}

/** Who runs beside whom, in both orders. The last step begins when every code of today's pepper has ended. */
function pairsOf(replicas: readonly Replica[]) {
  return replicas.slice(1).flatMap((replica, index) => {
    const former = replicas[index] ?? replica
    return [
      [former, replica],
      [replica, former],
    ] as [Replica, Replica][]
  })
}

const phone = '+919876543210'
const body = { phonePrefix: '+91', phone: '9876543210' }
const email = 'asha@example.com'

/** Ends cooldowns: the next send is a resend of what is live. */
async function endCooldowns({ database }: TestApp) {
  await forgetSends(database)
}

/** Ends codes too: the next send makes a new one. */
async function endCodes({ database }: TestApp) {
  await database.$executeRaw`UPDATE otps SET expires_at = now()`
  await forgetSends(database)
}

t.test('what one replica sends opens at the other, at its first attempt', async (t) => {
  const replicas = await startReplicas(t)
  for (const [sender, taker] of pairsOf(replicas)) {
    const title = `sent ${sender.name}, typed ${taker.name}`
    await endCodes(sender)
    t.equal((await sender.post('/auth/request-otp', body)).status, 200, title)
    const answer = await taker.post('/auth/verify-otp', { ...body, otp: sender.lastCode(phone) })
    t.equal(answer.status, 200, title)
    t.equal(await sender.database.otp.count({ where: { failures: { gt: 0 } } }), 0, 'nothing was counted')
  }
})

t.test('what one replica sends, the other sends again: the same code', async (t) => {
  const replicas = await startReplicas(t)
  for (const [sender, resender] of pairsOf(replicas)) {
    const title = `sent ${sender.name}, again ${resender.name}`
    await endCodes(sender)
    await sender.post('/auth/request-otp', { email })
    const { codeHash } = await sender.database.otp.findFirstOrThrow({ where: { identifier: email } })
    await endCooldowns(sender)
    await resender.post('/auth/request-otp', { email })
    t.equal(resender.lastCode(email), sender.lastCode(email), title)
    t.strictSame((await sender.database.otp.findFirstOrThrow({ where: { identifier: email } })).codeHash, codeHash)
    t.equal((await sender.post('/auth/verify-otp', { email, otp: resender.lastCode(email) })).status, 200, title)
  }
})

t.test('fixed codes of test identities open too', async (t) => {
  const replicas = await startReplicas(t, { TEST_OTPS: `${phone}:135790@2099-01-01` })
  for (const [sender, taker] of pairsOf(replicas)) {
    await endCodes(sender)
    await sender.post('/auth/request-otp', body)
    const { status } = await taker.post('/auth/verify-otp', { ...body, otp: '135790' })
    t.equal(status, 200, `sent ${sender.name}, typed ${taker.name}`)
  }
})

t.test('sessions, their codes and trusted devices go on', async (t) => {
  const replicas = await startReplicas(t)
  const [before] = replicas
  if (before === undefined) throw new Error('no replica')
  const first = await verify(before, email)
  const { token } = first.body
  const headers = { authorization: `Bearer ${token}` }
  const cookies = Object.fromEntries(first.cookies.map(({ name, value }) => [name, value]))
  t.type(cookies['device'], 'string')
  for (const [sender, taker] of pairsOf(replicas)) {
    const title = `sent ${sender.name}, typed ${taker.name}`
    await endCodes(sender)
    t.equal((await sender.post('/users/me/step-up', {}, { headers })).status, 200, title)
    const stepUp = { otp: sender.lastCode(email) }
    t.equal((await taker.post('/users/me/step-up/verify', stepUp, { headers })).status, 200, title)

    await endCodes(sender)
    const device = { cookies: { device: String(cookies['device']) } }
    await sender.post('/auth/request-otp', { email }, device)
    const { lane } = await sender.database.otp.findFirstOrThrow({
      where: { identifier: email, purpose: 'sign_in', expiresAt: { gt: new Date() } },
    })
    t.not(lane, '', `${title}: the device has its own lane`)
    const answer = await taker.post('/auth/verify-otp', { email, otp: sender.lastCode(email) }, device)
    t.equal(answer.status, 200, title)
  }
})

t.test('an address has one share of its limits, whatever replica counts', async (t) => {
  const replicas = await startReplicas(t, { IP_SEND_PER_HOUR: '4', IP_VERIFY_PER_10_MIN: '4' })
  const everywhere = async (work: (replica: Replica, index: number) => Promise<{ status: number }>) => {
    const statuses: number[] = []
    for (const [index, replica] of [...replicas, ...replicas].entries())
      statuses.push((await work(replica, index)).status)
    return statuses
  }
  const refused = [429, 429, 429, 429]
  const sends = await everywhere((replica, n) => replica.post('/auth/request-otp', { email: `a${n}@example.com` }))
  t.strictSame(sends, [200, 200, 200, 200, ...refused])
  const guesses = await everywhere((replica, n) =>
    replica.post('/auth/verify-otp', { email: `b${n}@example.com`, otp: '000000' }),
  )
  t.strictSame(guesses, [401, 401, 401, 401, ...refused])
})

t.test('an export has the events of all steps', async (t) => {
  const replicas = await startReplicas(t)
  const [before] = replicas
  if (before === undefined) throw new Error('no replica')
  const asha = await join(before, email)
  const requestIds: Record<string, unknown[]> = { delivery_accepted: [], authn_login_fail: [] }
  for (const replica of replicas) {
    await endCodes(replica)
    const sent = await replica.post('/auth/request-otp', { email })
    requestIds['delivery_accepted']?.push(sent.headers['x-request-id'])
    const wrong = { email, otp: wrongCode(replica.lastCode(email)) }
    requestIds['authn_login_fail']?.push((await replica.post('/auth/verify-otp', wrong)).headers['x-request-id'])
  }
  const last = replicas.at(-1)
  if (last === undefined) throw new Error('no replica')
  const isWritten = async () => (await last.database.authEvent.count({ where: { event: 'delivery_accepted' } })) === 5
  while (!(await isWritten())) await setImmediate()
  const { status, body } = await last.get('/users/me/export', { headers: { authorization: `Bearer ${asha.token}` } })
  t.equal(status, 200)
  const events: { event: string; request_id: string }[] = body.data.events
  for (const [name, ids] of Object.entries(requestIds)) {
    const found = events.filter(({ event }) => event === name).map(({ request_id }) => request_id)
    for (const id of ids) t.ok(found.includes(String(id)), `${name} of each step`)
  }
})

t.test('a rotation that would lose events is told of at the start, in one line', async (t) => {
  const OTP_PEPPER_PREVIOUS = next
  const without = await startApp(t, { settings: { OTP_PEPPER_PREVIOUS } })
  const lines = without
    .logged()
    .split('\n')
    .filter((line) => line.includes('EVENT_KEY'))
  t.equal(lines.length, 1)
  t.match(lines[0], /"level":40.*EVENT_KEY is not set while OTP_PEPPER is being replaced/)
  for (const settings of [{ OTP_PEPPER_PREVIOUS, EVENT_KEY }, {}]) {
    t.notMatch((await startApp(t, { settings })).logged(), 'EVENT_KEY')
  }
})
