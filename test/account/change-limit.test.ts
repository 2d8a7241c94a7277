// Each change of a phone or an email tells the old one, at the owner's cost: an account has five of them a day.
import t, { type Test } from 'tap'
import { newId } from '../../src/database/ids.js'
import { type Answer, startApp, type TestApp, wrongCode } from '../support/app.js'
import { newEmail, newNumber } from '../support/flows.js'
import { forgetSends } from '../support/limits.js'
import { insertUser, join, nobody, type Person } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'

const nameOf = (identifier: string) => (identifier.includes('@') ? { email: identifier } : { phone: identifier })
const newPhone = () => `+91${newNumber()}`

/** Gets a code for a new identifier, and gives what types it in. */
async function prepare(service: TestApp, person: Person, identifier: string) {
  await forgetSends(service.database)
  await person.post('/users/me/identifiers', nameOf(identifier))
  const otp = service.lastCode(identifier)
  return (code = otp) => person.post('/users/me/identifiers/verify', { ...nameOf(identifier), otp: code })
}

async function change(service: TestApp, person: Person, identifier: string): Promise<Answer> {
  return (await prepare(service, person, identifier))()
}

const noticesOf = (service: TestApp) => service.messages.filter(({ code }) => code === undefined).length

function isRefused(t: Test, { status, body, headers }: Answer, message: string) {
  t.match([status, body.code], [429, 'rate_limited'], message)
  t.match(body.errors, ['Phone and email can be changed 5 times a day'])
  const toNextDay = 86_400 - (Math.floor(Date.now() / 1000) % 86_400)
  t.ok(Math.abs(body.retry_after - toNextDay) <= 5, 'until the day is over')
  t.equal(headers['retry-after'], String(body.retry_after))
}

function endDay({ database }: TestApp) {
  return database.$executeRaw`UPDATE limit_counters SET window_started_at = window_started_at - interval '1 day'
    WHERE key LIKE 'identifier_changes:%'`
}

t.test(
  'added, changed and removed are five a day together; the sixth changes nothing and spends no code',
  async (t) => {
    const service = await startApp(t)
    const asha = await join(service, newPhone())
    for (const step of [
      () => change(service, asha, newEmail()),
      () => asha.delete('/users/me/identifiers/email'),
      () => change(service, asha, newEmail()),
      () => change(service, asha, newEmail()),
      () => change(service, asha, newPhone()),
    ]) {
      t.equal((await step()).status, 200)
    }
    const before = await service.database.user.findUnique({ where: { id: asha.id } })
    const phone = newPhone()
    const claimant = { phone, email: newEmail(), emailVerifiedAt: new Date() }
    await insertUser(service, nobody, 'Ravi', claimant)
    const sixth = await prepare(service, asha, phone)
    isRefused(t, await sixth(), 'changed')
    isRefused(t, await sixth('000000'), 'with whatever code')
    isRefused(t, await asha.delete('/users/me/identifiers/email'), 'removed')
    t.strictSame(await service.database.user.findUnique({ where: { id: asha.id } }), before)
    t.match(
      await service.database.user.findUnique({ where: { id: nobody } }),
      { phone },
      'nor does a claim of others end',
    )
    t.match(await service.database.otp.findFirst({ where: { identifier: phone } }), { consumedAt: null, attempts: 0 })
    const events = await service.database.authEvent.findMany({
      where: { event: 'excess_rate_limit_exceeded' },
      orderBy: { id: 'asc' },
    })
    t.equal(events.length, 2, 'one event a day for each of both')
    t.match(events, [
      { userId: asha.id, detail: 'verify: changes, change_identifier' },
      { userId: asha.id, detail: 'remove: changes, email' },
    ])
    const other = await join(service, newPhone())
    t.equal((await change(service, other, newEmail())).status, 200, 'others have their own')

    await endDay(service)
    t.equal((await sixth()).status, 200, 'on the next day the same code is good')
    await service.app.close()
    t.equal(noticesOf(service), 7, 'all that happened is told')
  },
)

t.test('what changes nothing counts as none', async (t) => {
  const service = await startApp(t)
  const phone = newPhone()
  const asha = await join(service, phone)
  const taken = newEmail()
  await join(service, taken)
  const counted = () => service.database.limitCounter.count({ where: { key: { startsWith: 'identifier_changes:' } } })

  const email = newEmail()
  const verify = await prepare(service, asha, email)
  t.equal((await verify(wrongCode(service.lastCode(email)))).status, 401)
  t.equal((await change(service, asha, taken)).status, 409)
  t.equal((await change(service, asha, phone)).status, 200, 'proved again')
  t.equal((await asha.delete('/users/me/identifiers/email')).status, 404)
  t.equal((await asha.delete('/users/me/identifiers/phone')).status, 409)
  t.equal(await counted(), 0)

  for (let index = 0; index < 5; index += 1) t.equal((await change(service, asha, newEmail())).status, 200)
  t.equal((await change(service, asha, phone)).status, 200, 'proving what one has is possible all the same')
  t.equal((await asha.delete('/users/me/identifiers/pigeon')).status, 400)
})

t.test('twenty at once are five at most, and the other codes stay good', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, newPhone())
  const emails = Array.from({ length: 20 }, newEmail)
  const prepared: (() => Promise<Answer>)[] = []
  for (const email of emails) prepared.push(await prepare(service, asha, email))
  const answers = await Promise.all(prepared.map((verify) => verify()))
  const done = answers.filter(({ status }) => status === 200)
  t.equal(done.length, 5)
  for (const answer of answers.filter(({ status }) => status !== 200)) isRefused(t, answer, 'one too many')
  const used = { identifier: { in: emails }, consumedAt: { not: null } }
  t.equal(await service.database.otp.count({ where: used }), 5)

  await endDay(service)
  const left = prepared.filter((_verify, index) => answers[index]?.status !== 200)
  t.equal((await left[0]?.())?.status, 200)
  await service.app.close()
  t.equal(noticesOf(service), 6)
})

t.test('who finds the last change made while they waited keeps the code, and changes nothing', async (t) => {
  const service = await startApp(t)
  const [asha, first, second] = [await join(service, newPhone()), newEmail(), newEmail()]
  for (let index = 0; index < 4; index += 1) t.equal((await change(service, asha, newEmail())).status, 200)
  const claimed = [first, second].map((email) => ({ email, phone: newPhone(), phoneVerifiedAt: new Date() }))
  for (const claim of claimed) await insertUser(service, newId(), null, claim)
  const prepared = [await prepare(service, asha, first), await prepare(service, asha, second)]
  const holder = await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM users WHERE id = ${asha.id}::uuid FOR UPDATE`
    const pending = [...prepared.map((verify) => verify()), asha.delete('/users/me/identifiers/email')]
    // Changes of one account wait for each other before they get to the database.
    await untilBlocked(service)
    return { pending }
  })
  const answers = await Promise.all(holder.pending)
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 429, 429])
  for (const answer of answers.filter(({ status }) => status === 429))
    isRefused(t, answer, 'one of three was the fifth')

  const { email } = (await asha.get('/users/me')).body.data
  const unused = [first, second].filter((each) => each !== email)
  const codes = { identifier: { in: unused }, consumedAt: null, attempts: 0, codeHash: { not: null } }
  t.equal(await service.database.otp.count({ where: codes }), unused.length, 'the others’ codes are good')
  const claims = { email: { in: unused }, emailVerifiedAt: null }
  t.equal(await service.database.user.count({ where: claims }), unused.length, 'and claims to what was not given go on')
  await endDay(service)
  t.equal((await prepared[email === second ? 0 : 1]?.())?.status, 200)
})
