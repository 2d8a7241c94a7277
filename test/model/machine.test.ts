// The service against its model: random commands, one after the other, and every answer as the model says (test/model/README.md).
import fc from 'fast-check'
import t from 'tap'
import { commands } from './commands.js'
import { createContext, createSteps } from './context.js'
import { createRun, startService } from './service.js'

const usual = { MODEL_SEED: 20_261_127, MODEL_RUNS: 60, MODEL_COMMANDS: 40 }
const setting = (name: keyof typeof usual) => Number(process.env[name] ?? usual[name])
const isUsual = Object.keys(usual).every((name) => process.env[name] === undefined)
const [seed, numRuns, most] = [setting('MODEL_SEED'), setting('MODEL_RUNS'), setting('MODEL_COMMANDS')]
/** Of a failure, to see it again: its path, and the replayPath in its list of commands. */
const { MODEL_PATH: path, MODEL_REPLAY: replayPath } = process.env

/** Each of these has to come up, lest the commands run past the rules. */
const rareOutcomes = [
  'DELETE /users/me 200',
  'DELETE /users/me/identifiers/email 200',
  'DELETE /users/me/identifiers/phone 200',
  'DELETE /users/me/identifiers/phone 404 not_found',
  'DELETE /users/me/identifiers/phone 409 last_identifier',
  'DELETE /users/me/sessions/:id 404 not_found',
  'DELETE /users/me/sessions?others=true 200',
  'PATCH /users/:id 200',
  'POST /api/auth/refresh 401 unauthorized',
  'POST /api/auth/send-otp 404 account_not_found',
  'POST /api/auth/send-otp 502 delivery_failed',
  'POST /api/auth/signup 201',
  'POST /api/auth/signup 400 validation_failed',
  'POST /api/auth/signup 403 verification_required',
  'POST /api/auth/signup 409 already_registered',
  'POST /auth/request-otp 429 rate_limited',
  'POST /auth/verify-otp 400 validation_failed',
  'POST /auth/verify-otp 403 forbidden',
  'POST /users 409 already_registered',
  'POST /users/me/identifiers 403 step_up_required',
  'POST /users/me/identifiers 429 rate_limited',
  'POST /users/me/identifiers/verify 401 otp_invalid',
  'POST /users/me/identifiers/verify 409 already_registered',
  'POST /users/me/step-up 400 validation_failed',
  'POST /users/me/step-up 429 rate_limited',
  'POST /users/me/step-up/verify 200',
]

t.test(`${numRuns} runs of up to ${most} commands, by MODEL_SEED=${seed}`, async (t) => {
  const service = await startService(t)
  const outcomes = new Set<string>()
  let done = 0
  const property = fc.asyncProperty(commands(most, replayPath), async (each) => {
    await service.clear()
    const context = createContext()
    const run = createRun(service)
    const steps = createSteps(context, run)
    await fc.asyncModelRun(() => ({ model: context, real: steps }), each)
    await steps.settle()
    for (const outcome of run.outcomes) outcomes.add(outcome)
    done += 1
  })
  // A failure is made smaller for as long as a file may take, then told with its seed, its path and its commands.
  const limit = isUsual ? { interruptAfterTimeLimit: 80_000 } : {}
  await fc.assert(property, { seed, numRuns, ...(path && { path }), ...limit })
  // On a machine too busy for all runs, those that were done have to do.
  const missing = isUsual && done === numRuns ? rareOutcomes.filter((outcome) => !outcomes.has(outcome)) : []
  t.strictSame(missing, [], 'every outcome came up')
})
