// What sends and guesses change again and again stays in its page, out of the indexes: PostgreSQL's heap-only tuples (HOT).
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApp, type TestApp, wrongCode } from '../support/app.js'

/** Enough to fill two pages of codes. */
const people = 60
const rounds = 5

type Updates = { table: string; made: number; inPlace: number }

/** Updates so far. Only of one connection, which tells its own counts before it answers. */
async function updatesOf({ database }: TestApp): Promise<Updates[]> {
  await database.$queryRaw`SELECT pg_stat_force_next_flush()::text`
  return database.$queryRaw<Updates[]>`
    SELECT relname AS table, n_tup_upd::int AS made, n_tup_hot_upd::int AS "inPlace" FROM pg_stat_user_tables
    WHERE relname IN ('identifier_limits', 'limit_counters', 'otps') ORDER BY relname`
}

async function untilCooldownsAreOver({ database }: TestApp): Promise<void> {
  const left = () => database.$queryRaw<object[]>`SELECT FROM otps WHERE resend_at > now()`
  while ((await left()).length > 0) await sleep(50)
}

t.test('sends, resends, wrong guesses and sign-ins update in place', async (t) => {
  const service = await startApp(t, {
    settings: {
      DATABASE_POOL_SIZE: '1',
      OTP_RESEND_COOLDOWN: '1',
      OTP_MAX_SENDS_PER_HOUR: '100',
      OTP_MAX_SENDS_PER_DAY: '100',
    },
  })

  /** Has everybody call, each from an address of their own. */
  async function everybody(path: string, status: number, more: (email: string) => object = () => ({})): Promise<void> {
    for (let person = 1; person <= people; person += 1) {
      const email = `person${person}@example.com`
      const remoteAddress = `198.51.100.${person}`
      const answer = await service.post(`/auth/${path}`, { email, ...more(email) }, { remoteAddress })
      if (answer.status !== status) t.fail(`${path}: ${answer.text}`)
    }
  }
  const right = (email: string) => ({ otp: service.lastCode(email) })
  const wrong = (email: string) => ({ otp: wrongCode(service.lastCode(email)) })

  async function everybodySignsIn(): Promise<Updates[]> {
    await everybody('request-otp', 200)
    await untilCooldownsAreOver(service)
    await everybody('request-otp', 200)
    await everybody('verify-otp', 401, wrong)
    await everybody('verify-otp', 200, right)
    return updatesOf(service)
  }

  // A transaction of another test on this server may keep old rows from being cleared away: a round counts in which none did.
  let before = await everybodySignsIn()
  let shares: number[] = []
  for (let round = 1; round <= rounds && (shares.length === 0 || Math.min(...shares) < 0.9); round += 1) {
    const after = await everybodySignsIn()
    shares = after.map(({ table, ...last }, index) => {
      const made = last.made - (before[index]?.made ?? 0)
      const inPlace = last.inPlace - (before[index]?.inPlace ?? 0)
      t.ok(made > people, `${table} is updated by these calls`)
      t.comment(`${table}: ${inPlace} of ${made} updates are in place`)
      return inPlace / made
    })
    before = after
  }
  t.ok(
    Math.min(...shares) >= 0.9,
    `of updates of identifier_limits, limit_counters and otps are in place: ${shares.join(', ')}`,
  )
})
