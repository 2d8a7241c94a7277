// Health and the log.
import t from 'tap'
import { createLogger, maskPersonalData } from '../../src/http/logger.js'
import { Health } from '../../src/operations/health.js'
import { startApp, testSecrets, wrongCode } from '../support/app.js'

const silent = createLogger('silent', { write: () => {} })

t.test('live and ready', async (t) => {
  const service = await startApp(t)
  t.match(await service.get('/health/live'), { status: 200, body: { status: 'ok' } })
  t.match(await service.get('/health/ready'), { status: 200, body: { status: 'ok' } })

  await service.database.$executeRaw`UPDATE _prisma_migrations SET finished_at = NULL`
  const pending = await service.get('/health/ready')
  t.match(pending, { status: 503, body: { errors: ['The database is not migrated to this version'] } })
  await service.database.$executeRaw`ALTER TABLE _prisma_migrations RENAME TO elsewhere`
  t.match(await service.get('/health/ready'), {
    status: 503,
    body: { errors: ['The database is not migrated to this version'] },
  })
  await service.database.$executeRaw`ALTER TABLE elsewhere RENAME TO _prisma_migrations`
  await service.database.$executeRaw`UPDATE _prisma_migrations SET finished_at = now()`
  t.equal((await service.get('/health/ready')).status, 200)
  const newer = new Health({
    database: service.database,
    migrationNames: [],
    logger: silent,
  })
  t.equal(await newer.readinessFault(), null, 'a database ahead of this version is fine')

  service.health.drain()
  t.match(await service.get('/health/ready'), { status: 503, body: { errors: ['The service is stopping'] } })
  t.equal((await service.get('/health/live')).status, 200)
})

t.test('a database that takes no writes is not ready', async (t) => {
  const writable = await startApp(t)
  const url = new URL(writable.config.database.url)
  url.searchParams.set('options', '-c default_transaction_read_only=on')
  const service = await startApp(t, { databaseUrl: url.href })
  const answer = await service.get('/health/ready')
  t.match(answer, { status: 503, body: { errors: ['The database takes no writes'] } })
})

t.test('the log hears once that the service is not ready, and once that it is again', async (t) => {
  const service = await startApp(t)
  const said = () => service.logged().match(/"msg":"(not )?ready"/g)
  await service.database.$executeRaw`UPDATE _prisma_migrations SET finished_at = NULL`
  for (let probe = 0; probe < 3; probe++) t.equal((await service.get('/health/ready')).status, 503)
  t.strictSame(said(), ['"msg":"not ready"'])
  t.notMatch(service.logged(), /"stack"/)
  await service.database.$executeRaw`UPDATE _prisma_migrations SET finished_at = now()`
  for (let probe = 0; probe < 3; probe++) t.equal((await service.get('/health/ready')).status, 200)
  t.strictSame(said(), ['"msg":"not ready"', '"msg":"ready"'])
})

t.test('the log tells what happened without secrets or personal data', async (t) => {
  const service = await startApp(t)
  const mobile_number = '9876543210'
  await service.post('/api/auth/send-otp', { mobile_number })
  const code = service.lastCode('+919876543210')
  await service.post('/api/auth/verify-otp', { mobile_number, otp: wrongCode(code) })
  const { signup_token } = (await service.post('/api/auth/verify-otp', { mobile_number, otp: code })).body
  await service.post('/auth/request-otp', { email: 'asha@example.com' })
  const otp = service.lastCode('asha@example.com')
  await service.database.$executeRawUnsafe('ALTER TABLE sessions ADD CONSTRAINT broken CHECK (false) NOT VALID')
  await service.post('/auth/verify-otp', { email: 'asha@example.com', otp })
  await service.database.$executeRawUnsafe('ALTER TABLE sessions DROP CONSTRAINT broken')
  const { token } = (await service.post('/auth/verify-otp', { email: 'asha@example.com', otp })).body
  await service.get('/api/auth/me?secret=in-the-query', { headers: { authorization: `Bearer ${token}` } })

  const logged = service.logged()
  t.match(logged, /"route":"\/api\/auth\/verify-otp","status":401/)
  t.match(logged, /"status":500/)
  t.match(logged, /broken/, 'a failure is told with its reason')
  const secrets = {
    code,
    otp,
    signup_token,
    token,
    mobile_number,
    email: 'asha@example',
    pepper: testSecrets.OTP_PEPPER,
    query: 'in-the-query',
  }
  for (const [name, secret] of Object.entries(secrets)) t.notOk(logged.includes(secret), name)
  for (const line of logged.trim().split('\n')) t.doesNotThrow(() => JSON.parse(line))
})

t.test('what libraries quote in their errors is masked', async (t) => {
  const quoted =
    'Key (phone)=(+919876543210) already exists. Key (email)=(asha.rao+x@mail.example.com) too. code 123456'
  t.equal(maskPersonalData(quoted), 'Key (phone)=(<number>) already exists. Key (email)=(<email>) too. code <number>')
  const lines: string[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(line) })
  const cause = new Error('of +919876543210')
  const error = Object.assign(new Error('for asha@example.com', { cause }), { code: 'P2002', parameters: ['123456'] })
  logger.error({ err: error, req: { headers: { authorization: 'Bearer x' } }, res: {} }, 'failed\r\n\u001b[31m')
  logger.error({ err: 'a text that was thrown' }, 'failed')
  const [line = '', second = ''] = lines
  t.match(JSON.parse(line), {
    err: { type: 'Error', code: 'P2002', message: 'for <email>', cause: { message: 'of <number>' } },
  })
  t.notMatch(line, /asha|9876|123456|Bearer/)
  t.equal(line.trim().split('\n').length, 1, 'one line, whatever is in it')
  t.match(JSON.parse(second), { err: { type: 'string' } })
})
