// `latchkey keys rotate`: each step's settings are taken by the service, codes and tokens stay good over all of them, and nothing is
// changed by asking.
import t, { type Test } from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { email } from '../support/flows.js'

type Settings = Record<string, string>

async function startOf(): Promise<Settings> {
  const { output } = await runCommand(['keys', 'new', '--json'])
  const { JWT_PRIVATE_KEY, OTP_PEPPER } = JSON.parse(output.join('\n')).settings
  return { JWT_PRIVATE_KEY, OTP_PEPPER }
}

const rotate = (environment: Settings, ...words: string[]) => runCommand(['keys', 'rotate', ...words], { environment })

async function step(environment: Settings, what: string, number: number) {
  const { code, output } = await rotate(environment, what, '--step', String(number), '--json')
  return { code, ...(JSON.parse(output.join('\n')) as { settings: Settings; keep: Settings }) }
}

/** One of the two settings of step 2 is set: whichever it is, nothing goes on before the other one is. */
async function isHalfDone(t: Test, settings: Settings, what: string, names: RegExp) {
  const { code, output } = await rotate(settings, what)
  t.equal(code, 1)
  t.match(output.join('\n'), /^Step 2 is half done: .*\nSet both at once: /m)
  t.match(output.join('\n'), names)
  t.match(JSON.parse((await rotate(settings, what, '--json')).output.join('\n')), {
    isUnderWay: true,
    isHalfDone: true,
  })
  for (const number of ['1', '2', '3'])
    t.match(await rotate(settings, what, '--step', number), { code: 1, output: [], errors: [/Step 2 is half done/] })
}

t.test('the pepper', async (t) => {
  const now = await startOf()
  const service = await startApp(t, { settings: now })
  const use = (settings: Settings) => startApp(t, { settings, databaseUrl: service.config.database.url })
  t.match(await rotate(now, 'pepper'), {
    code: 0,
    output: ['No rotation is under way: --step 1 begins one', /^EVENT_KEY is not set: step 1 sets it/],
  })
  for (const number of ['2', '3']) {
    t.match(await rotate(now, 'pepper', '--step', number), { code: 1, errors: [/^No rotation is under way/] })
  }
  const first = await step(now, 'pepper', 1)
  t.equal(first.settings['EVENT_KEY'], now['OTP_PEPPER'])
  const announced = { ...now, ...first.settings }
  const swapped = { ...announced, ...(await step(announced, 'pepper', 2)).settings }
  t.strictSame(
    [swapped['OTP_PEPPER'], swapped['OTP_PEPPER_PREVIOUS']],
    [announced['OTP_PEPPER_PREVIOUS'], now['OTP_PEPPER']],
  )
  const third = await step(swapped, 'pepper', 3)
  t.strictSame(third.settings, { OTP_PEPPER_PREVIOUS: '' })
  t.match(await rotate(swapped, 'pepper'), {
    code: 0,
    output: [
      /^A rotation is under way\. If OTP_PEPPER is the one from before, .* --step 2/,
      /^If it is the next .* --step 3/,
    ],
  })
  for (const half of ['OTP_PEPPER', 'OTP_PEPPER_PREVIOUS']) {
    const settings = { ...announced, [half]: String(swapped[half]) }
    await isHalfDone(t, settings, 'pepper', /OTP_PEPPER and OTP_PEPPER_PREVIOUS name the same one/)
  }
  t.match(await rotate(swapped, 'pepper', '--step', '1'), { code: 1, errors: [/^A rotation is under way: end it/] })
  t.match((await rotate(swapped, 'pepper', '--step', '3')).output, [/^# Step 3: /, '# without OTP_PEPPER_PREVIOUS'])

  // A code of each step is good in the next one.
  const stages = [now, announced, swapped]
  for (const [index, settings] of stages.entries()) {
    const address = email.newIdentifier()
    const sending = await use(settings)
    await sending.post(email.send, { email: address })
    const verifying = await use(stages[index + 1] ?? settings)
    const otp = sending.lastCode(address)
    t.equal((await verifying.post(email.verify, { email: address, otp })).status, 200, `code of step ${index}`)
  }
})

t.test('the signing key', async (t) => {
  const now = await startOf()
  const service = await startApp(t, { settings: now })
  const use = (settings: Settings) => startApp(t, { settings, databaseUrl: service.config.database.url })
  const state = await rotate(now, 'signing-key')
  t.match(state, { code: 0, output: [/^signs: [\w-]{43}$/, 'No rotation is under way: --step 1 begins one'] })
  const first = await step(now, 'signing-key', 1)
  const announced = { ...now, ...first.settings }
  t.match((await rotate(announced, 'signing-key')).output, [
    state.output[0],
    /^accepted beside it: /,
    /^A rotation is under way\. If the key that signs is the one from before, step 1 is done/,
    /^If it is the next one, .* --step 3, SESSION_TTL/,
  ])
  const second = await step(announced, 'signing-key', 2)
  const swapped = { ...announced, ...first.keep, ...second.settings }
  t.match(
    (await rotate(swapped, 'signing-key')).output[1],
    String(state.output[0]).replace('signs', 'accepted beside it'),
  )
  for (const half of [second.settings, first.keep]) {
    const names = /JWT_PRIVATE_KEY and JWT_PREVIOUS_PUBLIC_KEYS name the same one/
    await isHalfDone(t, { ...announced, ...half }, 'signing-key', names)
  }
  t.strictSame((await step(swapped, 'signing-key', 3)).settings, { JWT_PREVIOUS_PUBLIC_KEYS: '' })
  const lines = (await rotate(now, 'signing-key', '--step', '1')).output
  t.match(lines, [
    /^# Step 1: /,
    /^JWT_PREVIOUS_PUBLIC_KEYS=/,
    '# Keep for step 2, in a safe place:',
    /^# JWT_PRIVATE_KEY=/,
  ])
  t.doesNotThrow(() => parseConfig({ ...swapped, NODE_ENV: 'test', DATABASE_URL: 'postgresql://localhost/none' }))

  const stages = [now, announced, swapped]
  for (const [index, settings] of stages.entries()) {
    const signing = await use(settings)
    const address = email.newIdentifier()
    await signing.post(email.send, { email: address })
    const { body } = await signing.post(email.verify, { email: address, otp: signing.lastCode(address) })
    const headers = { authorization: `Bearer ${body.token}` }
    const next = await use(stages[index + 1] ?? settings)
    t.equal((await next.get('/users/me', { headers })).status, 200, `token of step ${index}`)
  }
})

t.test('what cannot be used', async (t) => {
  const now = await startOf()
  t.match(await rotate(now, 'pepper', '--step', '4'), {
    code: 2,
    errors: ['--step must be a whole number from 1 to 3'],
  })
  t.match(await rotate({}, 'pepper'), { code: 1, errors: [/^OTP_PEPPER is required .*JWT_PRIVATE_KEY is required/] })
})
