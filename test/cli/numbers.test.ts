// `latchkey numbers`: what is found, what a renumbering moves and what it leaves, and that nothing happens without being asked for.
import t from 'tap'
import { createAct } from '../../src/users/acting.js'
import { NumberRegister } from '../../src/users/renumbering.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { ageProofs, join } from '../users/people.js'

const ids = ['1', '2', '3', '4', '5', '6'].map((end) => `01890000-0000-7000-8000-00000000000${end}`)
const phones = ['+22997123456', '+22997123457', '+2290197123457', '+22921123456', '+919876543210', '+2290197123458']
const rename = ['rename', '--country', 'BJ', '--from', '(\\d{8})', '--to', '01$1']

t.test('numbers of Benin, which put 01 before them in 2024', async (t) => {
  const service = await startApp(t, { settings: { SMS_COUNTRIES: 'IN,BJ' } })
  const { database, config } = service
  const environment = { DATABASE_URL: config.database.url, SMS_COUNTRIES: 'IN,BJ' }
  const run = async (...words: string[]) => {
    const { code, output, errors } = await runCommand(words, { environment })
    return { code, output: [...errors, ...output] }
  }
  const asha = await join(service, 'asha@example.com')
  await database.user.update({
    where: { id: asha.id },
    data: { email: null, emailVerifiedAt: null, phone: phones[0] ?? null, phoneVerifiedAt: new Date() },
  })
  const others = phones.slice(1).map((phone, index) => ({ id: String(ids[index]), phone }))
  await database.user.createMany({ data: others })
  const stored = () => database.user.findMany({ select: { id: true, phone: true }, orderBy: { id: 'asc' } })
  const before = await stored()

  const refused = await run('numbers', 'check')
  t.strictSame(
    [refused.code, refused.output.sort()],
    [
      0,
      [
        `${asha.id}  +22*****3456  not_valid`,
        `${ids[0]}  +22*****3457  not_valid`,
        `${ids[2]}  +22*****3456  not_valid`,
        'Stored numbers that are refused today: 3',
      ].sort(),
    ],
  )
  t.match((await run('numbers', 'check', '--country', 'IN')).output, ['Stored numbers that are refused today: 0'])
  const argentina = String(ids[5])
  await database.user.create({ data: { id: argentina, phone: '+541123456789' } })
  t.match(
    (await run('numbers', 'check', '--country', 'AR')).output[0],
    `${argentina}  +54******6789  not_valid`,
    'another spelling',
  )
  await database.user.delete({ where: { id: argentina } })

  await ageProofs(service)
  const stepUp = await asha.post('/users/me/step-up')
  t.match(stepUp.body, { data: { method: 'phone' } }, 'what is stored gets its code')
  const otp = service.lastCode('+22997123456')
  t.equal((await asha.post('/users/me/step-up/verify', { otp })).status, 200)
  t.match(await run('admin', 'grant', '+22997123456'), { code: 0, output: ['+22997123456 is an admin'] })
  await asha.post('/users/me/step-up/verify', { otp: '000000' })

  const dry = await run('numbers', ...rename)
  const lines = [
    `${ids[0]}  +22*****3457  stays, somebody has +22*******3457`,
    `${ids[2]}  +22*****3456  stays, is refused too: +22*******3456`,
    `${asha.id}  +22*****3456  becomes +22*******3456`,
  ]
  t.strictSame(dry, {
    code: 0,
    output: [...lines, 'Would move: 1; taken: 1; not valid: 1', 'Nothing was changed. With --yes it is done'],
  })
  t.strictSame(await stored(), before)
  const json = async (...words: string[]) =>
    JSON.parse((await runCommand(['numbers', ...words, '--json'], { environment })).output.join('\n'))
  t.match(await json(...rename), {
    done: false,
    moves: 1,
    taken: 1,
    notValid: 1,
    numbers: [{ outcome: 'taken' }, {}, {}],
  })
  t.match(await json('check'), { count: 3, numbers: [{ phone: /\*/, reason: 'not_valid' }, {}, {}] })

  t.strictSame(await run('numbers', ...rename, '--yes'), {
    code: 0,
    output: [...lines, 'Moved: 1; taken: 1; not valid: 1'],
  })
  const moved = before.map(({ id, phone }) => ({ id, phone: id === asha.id ? '+2290197123456' : phone }))
  t.strictSame(await stored(), moved)
  t.match((await asha.get('/users/me')).body.data, { phone: '+2290197123456' }, 'the session goes on')
  t.match(await database.otp.findMany({ where: { purpose: 'step_up' } }), [
    { identifier: '+2290197123456', codeHash: null },
  ])
  t.match(await database.identifierLimit.findMany({ where: { identifier: { startsWith: '+229' } } }), [
    { identifier: '+2290197123456' },
  ])
  t.equal(await database.authEvent.count({ where: { userId: asha.id, detail: 'phone renumbered' } }), 1)
  const body = { phonePrefix: '+229', phone: '01 97 12 34 56' }
  await database.$executeRaw`UPDATE otps SET resend_at = now()`
  await database.$executeRaw`UPDATE identifier_limits SET hour_sends = 0`
  await service.post('/auth/request-otp', body)
  const signedIn = await service.post('/auth/verify-otp', { ...body, otp: service.lastCode('+2290197123456') })
  t.equal(signedIn.body.user.id, asha.id, 'and who types the new number is the same person')
  t.match((await run('numbers', ...rename, '--yes')).output.at(-1), 'Moved: 0;', 'again')
})

t.test('two old numbers that become one, and an owner who came meanwhile', async (t) => {
  const { database } = await startApp(t)
  const register = new NumberRegister({ database, act: createAct({ database }), batchSize: 1 })
  await database.user.createMany({
    data: [
      { id: String(ids[0]), phone: '+22997123456' },
      { id: String(ids[1]), phone: '+22987123456' },
    ],
  })
  const planned = []
  for await (const each of register.plan({ country: 'BJ', from: /\d{2}(\d{6})/, to: '0197$1' })) planned.push(each)
  t.match(planned, [{ outcome: 'moves' }, { outcome: 'taken' }])
  const [first] = planned
  if (first === undefined) return
  await database.user.create({ data: { id: String(ids[2]), phone: first.becomes } })
  t.match(await register.move(first), { outcome: 'taken' })
  await database.user.delete({ where: { id: String(ids[2]) } })
  t.match(await register.move({ ...first, phone: '+22990000000' }), { outcome: 'taken' }, 'who has it no more')
  t.match(await register.move(first), { outcome: 'moves' })
})

t.test('what cannot be used does nothing', async (t) => {
  const run = async (...words: string[]) => {
    const { code, output, errors } = await runCommand(['numbers', ...words])
    t.strictSame(output, [])
    return [code, errors[0]]
  }
  t.match(await run('merge'), [2, 'Unknown command merge; latchkey numbers --help lists what there is'])
  t.match(await run('check', '--yes'), [2, 'Unknown option --yes; --help lists what there is'])
  t.match(await run('check', '--country', 'bj'), [2, '--country must be a country code such as BJ'])
  t.match(await run('rename', '--country', 'BJ'), [2, 'rename asks for --country, --from and --to'])
  t.match(await run('rename', '--country', 'BJ', '--from', '(', '--to', 'x'), [
    2,
    '--from must be a regular expression',
  ])
})
