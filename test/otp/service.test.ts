// Codes: how they are made and kept, and the limits in their row.
import t from 'tap'
import { Codes, type OtpPurpose } from '../../src/otp/code.js'
import { startApp, type TestApp, testConfig, wrongCode } from '../support/app.js'
import { createOtp } from '../support/otp.js'

const identifier = { method: 'phone', identifier: '+919876543210' } as const
const request = { purpose: 'sign_in', identifier } as const
const binding = { purpose: 'sign_in', channel: 'sms', identifier: '+919876543210' } as const

function serviceOf({ database, config }: TestApp, overrides: Record<string, string> = {}) {
  return createOtp({ database, url: config.database.url, settings: testConfig(overrides).otp })
}

async function issueOrFail(otp: ReturnType<typeof serviceOf>, what: Parameters<typeof otp.issue>[0] = request) {
  const issued = await otp.issue(what)
  if (issued.outcome === 'refused') throw new Error(`refused for ${issued.retryAfter} s`)
  return issued
}

t.test('codes are digits of the given length, all equally likely', async (t) => {
  const sixDigits = new Codes(['a pepper'], 6)
  const codes = Array.from({ length: 20_000 }, () => sixDigits.draft(binding).code)
  t.ok(codes.every((code) => /^\d{6}$/.test(code)))
  t.ok(
    codes.some((code) => code.startsWith('0')),
    'leading zeros are kept',
  )
  // Chi-square over the digits of each place: 9 degrees of freedom, 39.3 at p = 1e-5
  for (let place = 0; place < 6; place++) {
    const counts = Array.from(
      { length: 10 },
      (_, digit) => codes.filter((code) => Number(code[place]) === digit).length,
    )
    const expected = codes.length / 10
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    t.ok(chiSquare < 39.3, `place ${place}: ${chiSquare}`)
  }
  const tenDigits = new Codes(['a pepper'], 10)
  t.match(tenDigits.draft(binding).code, /^\d{10}$/)
})

t.test('a code is made again of its seed, under the pepper that made it and for what it was made for', async (t) => {
  const old = new Codes(['the old pepper'], 10)
  const both = new Codes(['the new pepper', 'the old pepper'], 10)
  const { code, stored: kept } = old.draft(binding)
  t.equal(old.recover(binding, kept), code)
  t.equal(both.recover(binding, kept), code, 'while the pepper is replaced')
  t.equal(new Codes(['the new pepper'], 10).recover(binding, kept), null, 'afterwards it is not')
  t.equal(new Codes(['the old pepper'], 6).recover(binding, kept), null, 'nor in another length')
  t.equal(old.recover({ ...binding, purpose: 'step_up' }, kept), null, 'nor for another purpose')
  t.equal(old.recover(binding, { ...kept, codeSeed: old.draft(binding).stored.codeSeed }), null, 'nor of another seed')
  const withoutCode = (changed: object) => old.recover({ ...binding, ...changed }, { ...kept, codeHash: null })
  t.equal(withoutCode({}), code)
  for (const changed of [{ purpose: 'step_up' }, { channel: 'email' }, { identifier: '+919876543211' }])
    t.not(withoutCode(changed), code)
})

t.test('a digest depends on the pepper and on everything the code is bound to', async (t) => {
  const hasher = new Codes(['pepper one'], 6)
  const digest = (changed: object, code = '123456', by = hasher) =>
    Buffer.from(by.forStorage({ ...binding, ...changed }, code)).toString('hex')
  const all = [
    digest({}),
    digest({ purpose: 'step_up' }),
    digest({ channel: 'email' }),
    digest({ identifier: '+919876543211' }),
    digest({}, '123457'),
    digest({}, '123456', new Codes(['pepper two'], 6)),
  ]
  t.equal(new Set(all).size, all.length)
  t.equal(digest({}), digest({}))
  t.equal(hasher.forStorage(binding, '123456').length, 32)
})

t.test('the database holds no code and no bare hash of one', async (t) => {
  const app = await startApp(t)
  const { code } = await issueOrFail(serviceOf(app))
  const { createHash } = await import('node:crypto')
  const [row] = await app.database.$queryRaw<{ text: string }[]>`SELECT otps::text AS text FROM otps`
  t.notMatch(row?.text, code)
  for (const text of [code, `${identifier.identifier}${code}`, `${identifier.identifier}:${code}`]) {
    t.notMatch(row?.text, createHash('sha256').update(text).digest('hex'))
  }
})

t.test('a code lives for its time by the clock of the database', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app)
  const { code, expiresIn } = await issueOrFail(otp)
  t.equal(expiresIn, 300)
  const [row] = await app.database.$queryRaw<{ life: number }[]>`
    SELECT extract(epoch FROM expires_at - now())::float AS life FROM otps`
  t.ok((row?.life ?? 0) > 295 && (row?.life ?? 0) <= 300)
  await app.database.$executeRaw`UPDATE otps SET expires_at = now()`
  t.equal(await otp.verify(request, code), false)
  t.match(await app.database.otp.findFirst(), { attempts: 0 }, 'a guess at a dead code counts for nothing')
})

t.test('a code of one purpose fails in every other', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app)
  const purposes: OtpPurpose[] = ['sign_in', 'step_up', 'change_identifier']
  const codes = new Map<OtpPurpose, string>()
  for (const purpose of purposes) codes.set(purpose, (await issueOrFail(otp, { purpose, identifier })).code)
  for (const purpose of purposes) {
    for (const [other, code] of codes) {
      if (other !== purpose && code !== codes.get(purpose))
        t.equal(await otp.verify({ purpose, identifier }, code), false)
    }
  }
  for (const purpose of purposes) t.equal(await otp.verify({ purpose, identifier }, codes.get(purpose) ?? ''), true)
})

t.test('lanes are rows of their own', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app)
  const { code } = await issueOrFail(otp, { ...request, lane: '01890000-0000-7000-8000-00000000000d' })
  t.equal(await otp.verify(request, code), false)
  t.equal(await otp.verify({ ...request, lane: '01890000-0000-7000-8000-00000000000d' }, code), true)
})

t.test('while a pepper is replaced both are accepted, afterwards the old one is not', async (t) => {
  const app = await startApp(t)
  const [old, next] = ['the old pepper, 32 bytes and more..', 'the new pepper, 32 bytes and more..']
  const before = serviceOf(app, { OTP_PEPPER: old })
  const during = serviceOf(app, { OTP_PEPPER: next, OTP_PEPPER_PREVIOUS: old })
  const after = serviceOf(app, { OTP_PEPPER: next })
  const { code } = await issueOrFail(before)
  t.equal(await after.verify(request, code), false)
  t.equal(await during.verify(request, code), true)
})

t.test('the cooldown grows with each resend, and a success ends it', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app, { OTP_MAX_SENDS_PER_HOUR: '50', OTP_MAX_SENDS_PER_DAY: '50' })
  const waits: number[] = []
  let code = ''
  for (let send = 0; send < 7; send++) {
    const issued = await issueOrFail(otp)
    code = issued.code
    waits.push(issued.resendAfter)
    const refused = await otp.issue(request)
    t.match(refused, { outcome: 'refused' })
    if (refused.outcome === 'refused')
      t.ok(refused.retryAfter <= issued.resendAfter && refused.retryAfter > issued.resendAfter - 5)
    await app.database.$executeRaw`UPDATE otps SET resend_at = now()`
  }
  t.strictSame(waits, [30, 60, 120, 240, 300, 300, 300])
  await app.database.$executeRaw`UPDATE otps SET resend_at = now() + interval '5 minutes'`
  t.equal(await otp.verify(request, code), true)
  t.equal((await issueOrFail(otp)).resendAfter, 30, 'the next sign-in is no resend')
})

t.test('a longer cooldown than five minutes is kept as it is', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app, { OTP_RESEND_COOLDOWN: '600' })
  t.equal((await issueOrFail(otp)).resendAfter, 600)
  await app.database.$executeRaw`UPDATE otps SET resend_at = now()`
  t.equal((await issueOrFail(otp)).resendAfter, 600)
})

t.test('five sends an hour, ten a day, and a Retry-After that is true', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app)
  const passCooldown = () => app.database.$executeRaw`UPDATE otps SET resend_at = now() - interval '1 second'`
  const sendFive = async () => {
    for (let send = 0; send < 5; send++) {
      const { resendAfter } = await issueOrFail(otp)
      // The last one that a budget allows says how long the budget is spent.
      if (send === 4) t.ok(resendAfter > 3_590, `${resendAfter}`)
      else t.ok(resendAfter <= 300)
      await passCooldown()
    }
  }
  await sendFive()
  t.equal((await app.database.identifierLimit.findFirst())?.hourSends, 5)
  const hourly = await otp.issue(request)
  t.ok(hourly.outcome === 'refused' && hourly.retryAfter > 3_590 && hourly.retryAfter <= 3_600, 'the hour')
  // The clock goes on by what was said, and not a second longer.
  const wait = hourly.outcome === 'refused' ? hourly.retryAfter : 0
  await app.database
    .$executeRaw`UPDATE identifier_limits SET hour_started_at = hour_started_at - make_interval(secs => ${wait})`
  await sendFive()
  const daily = await otp.issue(request)
  t.ok(daily.outcome === 'refused' && daily.retryAfter > 86_300 && daily.retryAfter <= 86_400, 'the day')
  await app.database.$executeRaw`
    UPDATE identifier_limits SET day_started_at = now() - interval '24 hours', hour_started_at = now() - interval '1 hour'`
  t.match(await otp.issue(request), { outcome: 'issued' })
  t.match(await app.database.identifierLimit.findFirst(), { hourSends: 1, daySends: 1 })
})

t.test('a send that never went out costs nothing', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app)
  const first = await issueOrFail(otp)
  await otp.returnSend(request, first.codeId)
  t.match(await app.database.otp.findFirst(), { codeHash: null })
  t.match(await app.database.identifierLimit.findFirst(), { hourSends: 0, daySends: 0, refusedSends: 1 })
  const second = await issueOrFail(otp)
  t.equal(second.resendAfter, 30)
  await otp.returnSend(request, first.codeId)
  t.match(
    await app.database.identifierLimit.findFirst(),
    { hourSends: 1 },
    'a late report on an earlier code changes nothing',
  )
  t.equal(await otp.verify(request, second.code), true)
})

t.test('a row without a code takes guesses like any other', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app)
  const { code, codeId } = await issueOrFail(otp)
  await otp.returnSend(request, codeId)
  t.equal(await otp.verify(request, code), false)
  t.match(await app.database.otp.findFirst(), { attempts: 1, failures: 1 })
})

t.test('a locked identifier stays locked until the window ends', async (t) => {
  const app = await startApp(t)
  const otp = serviceOf(app, { OTP_MAX_FAILURES_PER_DAY: '2' })
  const { code } = await issueOrFail(otp)
  for (let guess = 0; guess < 3; guess++) await otp.verify(request, wrongCode(code))
  t.match(await app.database.otp.findFirst(), { failures: 2, attempts: 2 }, 'the third was not evaluated')
  t.equal(await otp.verify(request, code), false)
  await app.database.$executeRaw`UPDATE otps SET failures_started_at = now() - interval '24 hours'`
  t.equal(await otp.verify(request, code), true)
})
