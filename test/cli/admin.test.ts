// `latchkey admin`: who becomes an admin and who stays one, what is printed, and the exit codes.
import t from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { testConfig } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { createTestDatabase } from '../support/database.js'

const id = '01890000-0000-7000-8000-000000000001'
const reviewer = '01890000-0000-7000-8000-000000000002'

t.test('admin', async (t) => {
  const { url } = await createTestDatabase()
  const database = openDatabase(testConfig({ DATABASE_URL: url }).database)
  t.teardown(() => database.$disconnect())
  const environment = { DATABASE_URL: url, TEST_OTPS: '+919999900001:123456@2099-01-31' }
  const run = (...words: string[]) => runCommand(['admin', ...words], { environment })

  t.strictSame(await run('list'), { code: 0, output: ['There is no admin yet'], errors: [] })
  const unknown = { code: 1, output: [], errors: ['Nobody has +919876543210; create makes the user too'] }
  t.strictSame(await run('grant', '+91 98765 43210'), unknown)

  await database.user.create({ data: { id, phone: '+919876543210', phoneVerifiedAt: new Date() } })
  const granted = { code: 0, output: [`+919876543210 is an admin (user ${id})`], errors: [] }
  t.strictSame(await run('grant', '+919876543210'), granted)
  t.strictSame(await run('grant', '+919876543210'), granted, 'again')
  t.match(await database.authEvent.findMany(), [
    { event: 'authz_change', userId: id, actorId: null, network: null, requestId: null, detail: 'USER to ADMIN' },
  ])

  const last = { code: 1, output: [], errors: ['Somebody has to stay admin'] }
  t.strictSame(await run('revoke', '+919876543210'), last)
  const created = await run('create', 'Asha@Example.com')
  t.match(created, {
    code: 0,
    output: [/^asha@example\.com is an admin \(user .{36}\): whoever signs in with it first$/],
  })
  t.match(await run('create', 'asha@example.com'), {
    code: 1,
    errors: ['This number or address has an account already'],
  })
  t.strictSame(await run('revoke', '+919876543210'), {
    code: 0,
    output: [`+919876543210 is no admin (user ${id})`],
    errors: [],
  })
  await run('grant', '+919876543210')
  await database.user.update({ where: { id }, data: { disabledAt: new Date() } })
  const listed = await run('list')
  t.match(listed.output, [`${id}  +91******3210  (disabled)`, /^.{36} {2}a\*\*\*@example\.com {2}\(never signed in\)$/])

  const refused = { code: 1, output: [], errors: ['A fixed test code is configured for this account'] }
  t.strictSame(await run('create', '+919999900001'), refused)
  t.match(await run('grant', '+919999900001'), { code: 1, errors: [/^Nobody has/] })
  await database.user.create({ data: { id: reviewer, phone: '+919999900001', email: 'reviewer@example.com' } })
  for (const identifier of ['+919999900001', 'reviewer@example.com']) {
    t.strictSame(await run('grant', identifier), refused, `grant ${identifier}`)
  }
  t.match(await database.user.findUnique({ where: { id: reviewer } }), { role: 'USER' })
  await database.user.update({ where: { id: reviewer }, data: { role: 'ADMIN' } })
  t.equal((await run('revoke', '+919999900001')).code, 0, 'who is one all the same can be one no more')

  t.match(await run('list', 'x'), { code: 2, output: [], errors: ['Unknown word x; --help lists what there is'] })
  t.match(await run('grant'), { code: 2, errors: ['Missing: PHONE|EMAIL; latchkey admin grant --help explains it'] })
  t.match(await run('promote', 'a@b.com'), { code: 2, output: [], errors: [/^Unknown command promote; /] })
  t.match(await run(), { code: 2, errors: [/^Missing: one of grant, revoke, create, list; latchkey admin --help/] })
  t.match(await run('grant', 'a@b.com', 'c@d.com'), { code: 2, errors: [/^One word too many: c@d\.com\. /] })
  t.match(await runCommand(['admin', 'list']), { code: 1, errors: [/^DATABASE_URL is required/] })
  const gone = { DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
  t.match(await runCommand(['admin', 'list'], { environment: gone }), { code: 1, errors: [/^No database answers/] })
  t.match(await run('grant', '--force'), { code: 2, errors: [/^Unknown option --force;/] })
  t.match(await run('grant', '9876543210'), {
    code: 2,
    errors: [/^phone must be a valid number in E.164/],
  })
  t.match(await run('grant', '+asha@example.com'), { code: 1, errors: [/^Nobody has \+asha@example\.com;/] })
  t.match(await run('grant', 'no@address'), { code: 2, errors: ['email must be a valid email address'] })
})
