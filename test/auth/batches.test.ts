// Decisions for many at once: what one of a batch meets, the others do not notice.
import t from 'tap'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { startApp, type TestApp } from '../support/app.js'
import { newEmail } from '../support/flows.js'
import { untilBlocked } from '../users/waiting.js'

async function codesFor(service: TestApp, people: number) {
  const emails = Array.from({ length: people }, newEmail)
  await Promise.all(emails.map((email) => service.post('/auth/request-otp', { email })))
  return emails.map((email) => ({ email, otp: service.lastCode(email) }))
}

t.test('who arrives at once shares a call, and each has their own answer', async (t) => {
  const service = await startApp(t)
  const calls: unknown[][] = []
  const { run } = service.database
  t.intercept(service.database, 'run', {
    value: (statement: { text: string; values: unknown[] }) => {
      if (statement.text.includes('_batch(')) calls.push(JSON.parse(String(statement.values[0])))
      return run(statement)
    },
  })
  const bodies = await codesFor(service, 40)
  t.ok(calls.length <= 20, `40 sends in ${calls.length} calls`)
  calls.length = 0
  const wrong = bodies.map((body, index) => (index % 2 === 0 ? body : { ...body, otp: '000000' }))
  const answers = await Promise.all(wrong.map((body) => service.post('/auth/verify-otp', body)))
  t.ok(calls.length <= 20, `40 sign-ins in ${calls.length} calls`)
  t.ok(Math.max(...calls.map((requests) => requests.length)) <= 32)
  for (const [index, { status, body }] of answers.entries()) {
    const isRight = index % 2 === 0 || bodies[index]?.otp === '000000'
    t.equal(status, isRight ? 200 : 401)
    if (isRight) t.equal(body.user.email, bodies[index]?.email)
  }
})

t.test('one whose row is held waits by itself, after the others have their answers', async (t) => {
  const service = await startApp(t)
  const [held, ...others] = await codesFor(service, 5)
  const pending = await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`UPDATE otps SET attempts = attempts WHERE identifier = ${held?.email}`
    const waiting = service.post('/auth/verify-otp', held)
    const served = others.map((body) => service.post('/auth/verify-otp', body))
    for (const { status } of await Promise.all(served)) t.equal(status, 200)
    await untilBlocked(service)
    return { waiting }
  })
  t.equal((await pending.waiting).status, 200)
  const addresses = await service.database.limitCounter.aggregate({
    _sum: { count: true },
    where: { key: { startsWith: 'verify_ip:' } },
  })
  t.equal(addresses._sum.count, 5, 'who was asked again is counted once')
})

t.test('one whose account is held waits by itself too, and so does one to whom somebody else sends', async (t) => {
  const service = await startApp(t)
  const members = await codesFor(service, 5)
  for (const body of members) await service.post('/auth/verify-otp', body)
  const [held, ...others] = await Promise.all(
    members.map(async ({ email }) => {
      await service.post('/auth/request-otp', { email })
      return { email, otp: service.lastCode(email) }
    }),
  )
  async function whileHeld(table: 'users' | 'identifier_limits', path: string) {
    const column = table === 'users' ? 'email' : 'identifier'
    const pending = await service.database.$transaction(async (transaction) => {
      await transaction.$queryRawUnsafe(`SELECT FROM ${table} WHERE ${column} = '${held?.email}' FOR UPDATE`)
      const bodyOf = ({ email = '', otp = '' } = {}) => (table === 'users' ? { email, otp } : { email })
      const waiting = service.post(path, bodyOf(held))
      const served = others.map((other) => service.post(path, bodyOf(other)))
      for (const { status } of await Promise.all(served)) t.equal(status, 200)
      await untilBlocked(service)
      return { waiting }
    })
    t.equal((await pending.waiting).status, 200)
  }
  await whileHeld('users', '/auth/verify-otp')
  await whileHeld('identifier_limits', '/auth/request-otp')
})

t.test('what came after it was looked for is not written over', async (t) => {
  const { database, post } = await startApp(t)
  await post('/auth/request-otp', { email: 'asha@example.com' })
  const { schema } = readFunctionFiles()
  const save = (seen: string) =>
    database.run({
      text: `SELECT "${schema}".save_codes(ARRAY(SELECT o FROM otps o), ${seen.replace('x', 'otps')}) AS codes,
        "${schema}".save_limits(ARRAY(SELECT l FROM identifier_limits l), ${seen.replace('x', 'identifier_limits')}) AS limits`,
      values: [],
    })
  t.strictSame(await save("'{}'"), [{ codes: [], limits: [] }])
  t.strictSame(await save('ARRAY(SELECT s FROM x s)'), [{ codes: ['asha@example.com'], limits: ['asha@example.com'] }])
})

t.test('one that PostgreSQL refuses takes nobody along', async (t) => {
  const service = await startApp(t)
  const [refused, ...others] = await codesFor(service, 5)
  await service.database.$executeRaw`
    ALTER TABLE users ADD CONSTRAINT nobody_like_this CHECK (email <> 'refused@example.com') NOT VALID`
  await service.database.$executeRawUnsafe(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.email = '${refused?.email}' THEN RAISE SQLSTATE '23514'; END IF;
      RETURN NEW;
    END $$`)
  await service.database
    .$executeRaw`CREATE TRIGGER refuse BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()`
  const answers = await Promise.all([refused, ...others].map((body) => service.post('/auth/verify-otp', body)))
  t.strictSame(
    answers.map(({ status }) => status),
    [500, 200, 200, 200, 200],
  )
  t.equal(await service.database.user.count(), 4)
  await service.database.$executeRaw`DROP TRIGGER refuse ON users`
  t.equal((await service.post('/auth/verify-otp', refused)).status, 200, 'its code is still good')
})
