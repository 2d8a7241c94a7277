// Late messages: a resend sends the code that is already on its way, and gives nobody a guess more for it.
import t, { type Test } from 'tap'
import { DeliveryRefused } from '../../src/messaging/sender.js'
import { type StartOptions, startApp, type TestApp, testConfig, wrongCode } from '../support/app.js'
import { messagesCame } from '../support/limits.js'
import { createOtp, type IssuedCode, type LaneRequest } from '../support/otp.js'

const identifier = { method: 'phone', identifier: '+919876543210' } as const
const request = { purpose: 'sign_in', identifier } as const
const body = { phonePrefix: '+91', phone: '9876543210' }

function serviceOf({ database, config }: TestApp, settings: Record<string, string> = {}) {
  return createOtp({ database, url: config.database.url, settings: testConfig(settings).otp })
}

/** As if so many seconds had passed, and the cooldown with them. */
async function pass({ database }: TestApp, seconds: number) {
  await database.$executeRaw`UPDATE otps SET resend_at = now(),
    expires_at = expires_at - make_interval(secs => ${seconds}), code_made_at = code_made_at - make_interval(secs => ${seconds})`
}

async function issueOrFail(otp: ReturnType<typeof serviceOf>, what: LaneRequest = request): Promise<IssuedCode> {
  const issued = await otp.issue(what)
  if (issued.outcome === 'refused') throw new Error(`refused for ${issued.retryAfter} s`)
  return issued
}

/** The service and one code that it has issued, with room for many more. */
async function withCode(t: Test, settings: Record<string, string> = {}) {
  const app = await startApp(t)
  const otp = serviceOf(app, { OTP_MAX_SENDS_PER_HOUR: '50', OTP_MAX_SENDS_PER_DAY: '50', ...settings })
  return { app, otp, first: await issueOrFail(otp) }
}

/** Another code than before; one in a million new codes is the same, which the seed tells from a resend. */
async function isNew({ database }: TestApp, work: () => Promise<unknown>): Promise<boolean> {
  const before = await database.otp.findFirstOrThrow()
  await work()
  const after = await database.otp.findFirstOrThrow()
  return !Buffer.from(before.codeSeed ?? []).equals(Buffer.from(after.codeSeed ?? []))
}

t.test('whoever asks twice may type the code of either message, once', async (t) => {
  const { app, otp, first } = await withCode(t)
  await pass(app, 30)
  const second = await issueOrFail(otp)
  t.equal(second.code, first.code)
  t.not(second.codeId, first.codeId, 'each send has a name of its own')
  t.equal(await otp.verify(request, first.code), true)
  t.equal(await otp.verify(request, second.code), false)
  t.match(await app.database.otp.findFirst(), { codeHash: null, codeSeed: null, codeMadeAt: null }, 'used: erased')
  t.notOk((await issueOrFail(otp)).code === first.code, 'the next sign-in has a code of its own')
})

t.test('a resend gives no guess back, and tells how many are left', async (t) => {
  const { app, otp, first } = await withCode(t)
  t.equal(first.attemptsAllowed, 5)
  for (const left of [4, 3, 2, 1]) {
    await otp.verify(request, wrongCode(first.code))
    await pass(app, 1)
    t.match(await issueOrFail(otp), { code: first.code, attemptsAllowed: left })
  }
  await otp.verify(request, wrongCode(first.code))
  t.equal(await otp.verify(request, first.code), false, 'five guesses, however often it was sent')
  await pass(app, 1)
  t.ok(await isNew(app, () => issueOrFail(otp)), 'used up: a new code')
  t.match(await app.database.otp.findFirst(), { attempts: 0, failures: 5 })
})

t.test('what the day has left is told too', async (t) => {
  const { app, otp, first } = await withCode(t, { OTP_MAX_FAILURES_PER_DAY: '7' })
  for (let guess = 0; guess < 5; guess++) await otp.verify(request, wrongCode(first.code))
  await pass(app, 1)
  t.match(await issueOrFail(otp), { attemptsAllowed: 2 })
})

t.test('a resend prolongs the life of a code, up to ten minutes after it was made', async (t) => {
  const { app, otp, first } = await withCode(t)
  t.equal(first.expiresIn, 300)
  for (const [seconds, left] of [
    [200, 300],
    [200, 200],
    [49, 151],
  ] as const) {
    await pass(app, seconds)
    const resent = await issueOrFail(otp)
    t.equal(resent.code, first.code)
    t.ok(Math.abs(resent.expiresIn - left) <= 2, `${resent.expiresIn} of ${left}`)
    const [row] = await app.database.$queryRaw<{ life: number }[]>`
      SELECT extract(epoch FROM expires_at - code_made_at)::float AS life FROM otps`
    t.ok((row?.life ?? 601) <= 600)
  }
  await pass(app, 2)
  let expiresIn = 0
  const another = async () => {
    expiresIn = (await issueOrFail(otp)).expiresIn
  }
  t.ok(await isNew(app, another), 'less than half of its life left: a new code')
  t.equal(expiresIn, 300)
})

t.test('a short life stays short: twice OTP_TTL in all', async (t) => {
  const { app, otp, first } = await withCode(t, { OTP_TTL: '60' })
  await pass(app, 59)
  t.match(await issueOrFail(otp), { code: first.code })
  await pass(app, 32)
  t.ok(await isNew(app, () => issueOrFail(otp)))
})

t.test('an expired code is replaced, and so is one without a seed', async (t) => {
  const { app, otp } = await withCode(t)
  await pass(app, 300)
  t.ok(await isNew(app, () => issueOrFail(otp)), 'expired')
  await pass(app, 1)
  const { database } = app
  await database.$executeRaw`UPDATE otps SET code_seed = NULL, code_made_at = NULL, attempts = 3`
  t.ok(await isNew(app, () => issueOrFail(otp)), 'made before there were seeds')
  t.match(await database.otp.findFirst(), { attempts: 0 })
})

t.test(
  'a resend while the pepper is replaced is the same code; after that it is a new one with the old guesses',
  async (t) => {
    const [old, next] = ['the old pepper, 32 bytes and more..', 'the new pepper, 32 bytes and more..']
    const { app, otp, first } = await withCode(t, { OTP_PEPPER: old })
    await otp.verify(request, wrongCode(first.code))
    const during = serviceOf(app, { OTP_PEPPER: next, OTP_PEPPER_PREVIOUS: old })
    await pass(app, 1)
    t.equal((await issueOrFail(during)).code, first.code)
    const after = serviceOf(app, { OTP_PEPPER: next })
    await pass(app, 1)
    const exchanged = await issueOrFail(after)
    t.not(exchanged.code, first.code)
    t.equal(exchanged.attemptsAllowed, 4)
    t.equal(await after.verify(request, exchanged.code), true, 'and it is the one that opens')
  },
)

t.test(
  'a refused resend gives cooldown and count back and leaves the code, since the first message may arrive',
  async (t) => {
    const { app, otp, first } = await withCode(t)
    await pass(app, 1)
    const second = await issueOrFail(otp)
    await otp.returnSend(request, second.codeId)
    t.match(await app.database.otp.findFirst(), { sendStreak: 1, codeSends: 1 })
    t.match(await app.database.identifierLimit.findFirst(), { hourSends: 1, daySends: 1 })
    await otp.returnSend(request, second.codeId)
    t.match(await app.database.otp.findFirst(), { codeHash: Uint8Array }, 'a report told twice counts once')
    const third = await issueOrFail(otp)
    t.equal(third.code, first.code, 'at once, and the same code')
    t.equal(await otp.verify(request, first.code), true)
  },
)

t.test('a refused first send takes the code away', async (t) => {
  const { app, otp, first } = await withCode(t)
  await otp.returnSend(request, first.codeId)
  t.match(await app.database.otp.findFirst(), { codeHash: null, codeSeed: null, codeMadeAt: null })
  t.match(await app.database.identifierLimit.findFirst(), { hourSends: 0 })
  t.equal(await otp.verify(request, first.code), false)
  t.match(await issueOrFail(otp), { attemptsAllowed: 5 }, 'nobody had the code that was guessed at')
})

t.test('lanes and purposes have codes of their own', async (t) => {
  const { app, otp } = await withCode(t)
  await issueOrFail(otp, { ...request, lane: '01890000-0000-7000-8000-00000000000d' })
  await issueOrFail(otp, { ...request, purpose: 'step_up' })
  const rows = await app.database.otp.findMany()
  t.equal(new Set(rows.map(({ codeSeed }) => Buffer.from(codeSeed ?? []).toString('hex'))).size, 3)
})

t.test('fifty resends at once are one message with the same code', async (t) => {
  const { app, otp, first } = await withCode(t)
  await pass(app, 1)
  const issued = await Promise.all(Array.from({ length: 50 }, () => otp.issue(request)))
  t.match(
    issued.filter(({ outcome }) => outcome === 'issued'),
    [{ code: first.code }],
  )
  t.equal(issued.filter(({ outcome }) => outcome === 'refused').length, 49)
})

async function signUpAndForget(service: TestApp) {
  await service.post('/auth/request-otp', body)
  await service.post('/auth/verify-otp', { ...body, otp: service.lastCode(identifier.identifier) })
  await service.database.otp.deleteMany()
}

t.test('the resend of the other flow is the same code, echoed where codes are', async (t) => {
  const service = await startApp(t, { settings: { OTP_ECHO: 'true' } })
  const first = await service.post('/auth/request-otp', body)
  await service.post('/auth/verify-otp', { ...body, otp: wrongCode(first.body.otp) })
  await pass(service, 100)
  const { body: second } = await service.post('/api/auth/send-otp', { mobile_number: '9876543210' })
  t.match(second, { otp: first.body.otp, attempts_allowed: 4, resend_after: 60 })
  t.strictSame(
    service.messages.map(({ code }) => code),
    [second.otp, second.otp],
  )
})

t.test('a refused delivery of a resend leaves the first code good', async (t) => {
  const results = [false, true]
  const sender = {
    name: 'second refused',
    send: async () => {
      if (results.shift()) throw new DeliveryRefused('no')
      return {}
    },
  }
  const service = await startApp(t, { senders: [sender], settings: { OTP_ECHO: 'true' } })
  const { otp } = (await service.post('/auth/request-otp', body)).body
  await pass(service, 1)
  t.equal((await service.post('/auth/request-otp', body)).status, 502)
  t.equal((await service.post('/auth/verify-otp', { ...body, otp })).status, 200)
})

/** Sends of a known and of an unknown number in strict mode, one after the other, and what the last one answered. */
async function lastAnswer(t: Test, isKnown: boolean, modes: readonly ('login' | undefined)[]) {
  const options: StartOptions = { settings: { ACCOUNT_DISCLOSURE: 'strict' } }
  const service = await startApp(t, options)
  if (isKnown) await signUpAndForget(service)
  let text = ''
  for (const mode of modes) {
    text = (await service.post('/api/auth/send-otp', { mobile_number: '9876543210', mode })).text
    await service.post('/auth/verify-otp', { ...body, otp: '000000' })
    await pass(service, 1)
  }
  return { text, service }
}

t.test(
  'strict mode: resends to known and unknown numbers are answered alike, guesses between them included',
  async (t) => {
    for (const modes of [
      ['login', 'login'],
      ['login', undefined],
      [undefined, 'login'],
      ['login', undefined, 'login'],
    ] as const) {
      const [known, unknown] = [await lastAnswer(t, true, modes), await lastAnswer(t, false, modes)]
      t.equal(known.text, unknown.text, `${modes}`)
      t.equal(JSON.parse(unknown.text).attempts_allowed, 6 - modes.length)
    }
  },
)

t.test('strict mode: a login send leaves an unknown number the code that it has, or none', async (t) => {
  const { service } = await lastAnswer(t, false, [undefined, 'login'])
  const otp = service.lastCode(identifier.identifier)
  t.equal(service.messages.length, 1)
  t.equal((await service.post('/auth/verify-otp', { ...body, otp })).status, 200)
  const { service: other } = await lastAnswer(t, false, ['login', 'login'])
  t.match(await other.database.otp.findFirst(), { codeHash: null, attempts: 2 })
  await other.post('/auth/request-otp', body)
  await messagesCame(other, 1)
  const code = other.lastCode(identifier.identifier)
  t.equal((await other.post('/auth/verify-otp', { ...body, otp: code })).status, 200, 'a code is made when one is due')
})
