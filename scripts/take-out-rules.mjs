// Takes one rule after another out of the decisions in prisma/functions, and expects a test to fail each time:
// `node scripts/take-out-rules.mjs [NUMBER …]`. Coverage does not see SQL; this does. Each rule names the tests that are to notice.
// Where it is killed, `git checkout prisma/functions` puts the rule back that was out.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readWords } from './words.mjs'

const project = join(import.meta.dirname, '..')
const model = ['test/model/machine.test.ts']
const recycled = ['test/auth/recycled.test.ts']
const challenges = ['test/auth/challenges/sends.test.ts']
const limits = ['test/limits']
const passkeys = ['test/passkeys/sign-in.test.ts']
const newDevice = ['test/passkeys/new-device.test.ts']
const hook = ['test/auth/before-signup.test.ts']
const deliveries = ['test/events']

/** What the rule says · its file · its text · what stands there without it · the tests. */
const rules = [
  ['a used code is used', 'shared/otp', 'code.consumed_at IS NOT NULL OR ', '', model],
  ['an expired code is over', 'shared/otp', 'OR code.expires_at <= at ', '', model],
  ['a code takes so many attempts', 'shared/otp', 'OR code.attempts >= p_max_attempts', '', model],
  [
    'wrong attempts lock for a day',
    'shared/otp',
    "OR code.failures_started_at > at - interval '24 hours' AND code.failures >= p_max_failures",
    '',
    model,
  ],
  ['a wrong attempt is counted', 'shared/otp', 'code.failures := code.failures + 1;', '', model],
  [
    'a right code is erased',
    'shared/otp',
    'code.code_hash := NULL;\n    code.code_seed := NULL;\n    code.code_made_at := NULL;',
    '',
    ['test/auth/identifier-flow.test.ts'],
  ],
  [
    'a fixed code opens no admin’s account',
    'sign_in',
    "(user_with(r.method, r.identifier)).role IS DISTINCT FROM 'ADMIN'",
    'true',
    ['test/auth/test-identities.test.ts'],
  ],
  [
    'an address has its share of attempts',
    'sign_in',
    'IF device IS NULL AND place_of_address > s.max_per_address THEN',
    'IF false THEN',
    ['test/limits/limits.test.ts'],
  ],
  [
    'a sign-in locks its user',
    'sign_in',
    'u.phone = r.identifier FOR NO KEY UPDATE',
    'u.phone = r.identifier',
    ['test/auth/test-identities.test.ts'],
  ],
  [
    'a first verification ends what was opened before',
    'sign_in',
    'DELETE FROM sessions x WHERE x.user_id = person.id;',
    '',
    ['test/users/ownership.test.ts'],
  ],
  [
    'a claim ends at its owner’s proof',
    'sign_in',
    "phone = CASE r.method WHEN 'phone' THEN NULL ELSE u.phone END,\n        email = CASE r.method WHEN 'email' THEN NULL ELSE u.email END",
    'phone = u.phone',
    ['test/users/ownership.test.ts'],
  ],
  [
    'what nobody has proved goes with the first proof',
    'sign_in',
    "phone = CASE r.method WHEN 'phone' THEN u.phone END,\n        phone_verified_at = CASE r.method WHEN 'phone' THEN now() END,\n        email = CASE r.method WHEN 'email' THEN u.email END,",
    "phone_verified_at = CASE r.method WHEN 'phone' THEN now() END,",
    ['test/users/ownership.test.ts'],
  ],
  ['who is disabled does not sign in', 'sign_in', 'IF person.disabled_at IS NOT NULL THEN', 'IF false THEN', model],
  [
    'a revoked device is none',
    'sign_in',
    'SELECT d.id INTO device FROM devices d WHERE d.id = device AND d.user_id = person.id;',
    '',
    ['test/auth/sign-in.test.ts'],
  ],
  [
    'ten devices at most',
    'shared/sessions',
    'OFFSET greatest(p_max_devices - n.added, 0)',
    'OFFSET 1000',
    ['test/limits/trusted-devices.test.ts'],
  ],
  [
    'a fixed code is no recent proof',
    'shared/sessions',
    'CASE WHEN x.is_test THEN to_timestamp(0) ELSE now() END',
    'now()',
    ['test/auth/test-identities.test.ts'],
  ],
  [
    'a device is its owner’s alone',
    'shared/devices',
    'u.phone = p_identifier AND u.phone_verified_at IS NOT NULL',
    'true',
    ['test/limits/trusted-devices.test.ts'],
  ],
  [
    'a code that came meanwhile stays as it is',
    'shared/otp',
    'WHERE o.code_id = ANY (ARRAY(SELECT seen.code_id FROM unnest(p_seen) AS seen))',
    '',
    ['test/auth/batches.test.ts'],
  ],
  [
    'a number that was counted meanwhile is counted once more',
    'shared/identifier_limits',
    'WHERE x.identifier = ANY (ARRAY(SELECT seen.identifier FROM unnest(p_seen) AS seen))',
    '',
    ['test/auth/batches.test.ts'],
  ],
  [
    'nobody of a call waits for a code that is held',
    'shared/otp',
    'FOR UPDATE SKIP LOCKED',
    'FOR UPDATE',
    ['test/auth/batches.test.ts'],
  ],
  [
    'nobody of a call waits for a user who is held',
    'shared/users',
    'FOR NO KEY UPDATE SKIP LOCKED',
    'FOR NO KEY UPDATE',
    ['test/auth/batches.test.ts'],
  ],
  ['a ticket is for its number', 'sign_up', ' AND t.phone = r.phone', '', [...model, 'test/auth/mobile-flow.test.ts']],
  ['a ticket ends', 'sign_up', ' AND t.expires_at > clock_timestamp()', '', model],
  [
    'a resend waits for its cooldown',
    'send_code',
    'WHEN NOT is_fixed AND code.consumed_at IS NULL THEN code.resend_at END',
    'WHEN false THEN code.resend_at END',
    model,
  ],
  ['the cooldown grows', 'send_code', 'power(2, code.send_streak - 1)', '1', model],
  [
    'sends of an hour are counted',
    'shared/identifier_limits',
    'CASE WHEN l.hour_sends >= p_max_per_hour',
    'CASE WHEN false',
    model,
  ],
  [
    'sends of a day are counted',
    'shared/identifier_limits',
    'CASE WHEN l.day_sends >= p_max_per_day',
    'CASE WHEN false',
    model,
  ],
  [
    'trusted devices have no more than five on top',
    'shared/identifier_limits',
    'OR l.trusted_sends >= p_max_trusted THEN',
    'THEN',
    [...model, 'test/limits/budgets.test.ts'],
  ],
  [
    'a number counts once an hour',
    'shared/identifier_limits',
    'l.counted_at := at;',
    '',
    ['test/limits/budgets.test.ts'],
  ],
  ['a live code goes on', 'send_code', 'IF NOT goes_on OR is_fixed OR', 'IF true OR', model],
  [
    'a code that goes on keeps its attempts',
    'send_code',
    'IF NOT goes_on THEN code.attempts := 0;',
    'IF true THEN code.attempts := 0;',
    model,
  ],
  [
    'an address has its share of sends',
    'send_code',
    'IF place_of_address > s.max_per_address THEN',
    'IF false THEN',
    ['test/limits/limits.test.ts'],
  ],
  [
    'the neighbours of an address have their share',
    'send_code',
    'array_positions(p_spent, r.block_key)) >= s.max_per_block',
    'array_positions(p_spent, r.block_key)) >= 1000000',
    ['test/limits/budgets.test.ts'],
  ],
  [
    'budgets hold',
    'send_code',
    'CASE WHEN p_left_of_budgets[place] > 0 THEN NULL',
    'CASE WHEN true THEN NULL',
    ['test/limits/limits.test.ts'],
  ],
  [
    'a replica takes no more than a budget has',
    'shared/budgets',
    'ELSE greatest(0, least(left_now, ',
    'ELSE greatest(0, least(1000000, ',
    ['test/limits/budgets.test.ts'],
  ],
  [
    'owners have a budget of their own',
    'send_code',
    "CASE WHEN device IS NOT NULL THEN 'trusted' WHEN",
    'CASE WHEN',
    ['test/limits/budgets.test.ts'],
  ],
  [
    'a mailbox has a budget',
    'send_code',
    'cardinality(array_positions(p_spent, r.mailbox_key)) >= s.max_per_mailbox',
    'cardinality(array_positions(p_spent, r.mailbox_key)) >= 1000000',
    ['test/limits/budgets.test.ts'],
  ],
  [
    'a tenth is the same in each try',
    'shared/budgets',
    'extract(epoch FROM window_start(3600))',
    'extract(epoch FROM clock_timestamp())',
    ['test/limits/budgets.test.ts'],
  ],
  [
    'refusals are one event an hour',
    'send_code',
    'AS f ON c.total = c.added',
    'AS f ON true',
    ['test/limits/budgets.test.ts'],
  ],
  ['a country closes', 'shared/budgets', 'verified < p_min_verified * sent', 'false', ['test/limits/limits.test.ts']],
  [
    'twenty refused messages are enough',
    'send_code',
    'limits.refused_sends >= s.max_refusals_per_hour',
    'false',
    ['test/limits/refused-sends.test.ts'],
  ],
  [
    'a refused message gives the budget back',
    'send_code',
    '  RETURN true;',
    '  RETURN false;',
    ['test/limits/refused-sends.test.ts'],
  ],
  [
    'strict mode tells nobody',
    'send_code',
    's.is_strict AND device IS NULL',
    'false AND device IS NULL',
    ['test/limits/limits.test.ts', 'test/limits/budgets.test.ts'],
  ],
  [
    'a step-up is of its own session',
    'step_up',
    'x.id = r.session_id AND x.user_id = r.user_id AND',
    'x.user_id = r.user_id AND',
    ['test/account/step-up.test.ts'],
  ],
  ['a step-up proves', 'step_up', 'SET proved_at = now()', 'SET proved_at = x.proved_at', model],
  [
    'a passkey that was removed opens nothing',
    'use_passkey',
    'IF passkey.id IS NULL OR person.disabled_at IS NOT NULL THEN',
    'IF person.disabled_at IS NOT NULL THEN',
    passkeys,
  ],
  [
    'who is disabled does not sign in by passkey',
    'use_passkey',
    'IF passkey.id IS NULL OR person.disabled_at IS NOT NULL THEN',
    'IF passkey.id IS NULL THEN',
    passkeys,
  ],
  [
    'a counter that goes back opens nothing',
    'use_passkey',
    'IF (r.counter > 0 OR passkey.counter > 0) AND r.counter <= passkey.counter THEN',
    'IF false THEN',
    passkeys,
  ],
  [
    'a counter that goes back ends the passkey',
    'use_passkey',
    'DELETE FROM passkeys p WHERE p.id = passkey.id;',
    '',
    passkeys,
  ],
  ['a counter is kept', 'use_passkey', 'SET counter = r.counter, backed_up', 'SET backed_up', passkeys],
  [
    'a step-up by passkey is of its own session',
    'use_passkey',
    'WHERE x.id = r.proved_session_id AND x.user_id = person.id',
    'WHERE x.user_id = person.id',
    passkeys,
  ],
  [
    'a new device of somebody with a passkey is restricted',
    'sign_in',
    'has_passkey := EXISTS (SELECT FROM passkeys p WHERE p.user_id = person.id);',
    '',
    newDevice,
  ],
  [
    'who has a passkey is told at both identifiers',
    'sign_in',
    'CASE WHEN has_passkey THEN r.identifier END, ',
    '',
    newDevice,
  ],
  [
    'a session has the restriction of its device',
    'shared/sessions',
    '(SELECT d.restricted_until FROM devices d WHERE d.id = coalesce(x.device, x.new_device_id))',
    'NULL',
    newDevice,
  ],
  [
    'a restriction stands on the device',
    'shared/sessions',
    'CASE WHEN x.is_restricted THEN now() + restriction() END',
    'NULL',
    newDevice,
  ],
  [
    'five changes a day',
    'change_identifier',
    '>= s.max_changes_per_day',
    '>= 1000',
    ['test/account/change-limit.test.ts'],
  ],
  [
    'an ended session changes nothing',
    'change_identifier',
    'OR NOT is_signed_in(me.id, r.session_id, s.session_max_age)',
    '',
    ['test/account/identifiers.test.ts', 'test/account/identifier-races.test.ts', 'test/model/races.test.ts'],
  ],
  [
    'a change ends the other sessions',
    'change_identifier',
    'DELETE FROM sessions x WHERE x.user_id = p_user_id AND x.id <> p_session_id;',
    '',
    model,
  ],
  [
    'a change ends the devices',
    'change_identifier',
    'DELETE FROM devices d WHERE d.user_id = p_user_id;',
    '',
    [...model, 'test/account/identifiers.test.ts', 'test/account/identifier-races.test.ts'],
  ],
  [
    'a change voids the codes of the lost identifier',
    'change_identifier',
    'UPDATE otps o SET code_hash = NULL WHERE',
    'UPDATE otps o SET code_hash = o.code_hash WHERE',
    ['test/account/identifiers.test.ts', 'test/account/identifier-races.test.ts'],
  ],
  [
    'the last identifier stays',
    'change_identifier',
    '(now_mine IS NULL OR NOT is_other_proven)',
    '(now_mine IS NULL)',
    ['test/account/identifiers.test.ts', 'test/account/identifier-races.test.ts'],
  ],
  [
    'nobody takes what somebody else has proved',
    'change_identifier',
    'IF holder.id <> p_user_id AND (has_proved(holder, p_method) OR has_no_owner(holder)) THEN RETURN false; END IF;',
    '',
    ['test/account/identifiers.test.ts', 'test/account/identifier-races.test.ts'],
  ],
  [
    'a sign-in on a device that is known is told to nobody',
    'sign_in',
    'answer.is_new_device AND NOT answer.is_new_user',
    'NOT answer.is_new_user',
    ['test/auth/new-device.test.ts'],
  ],
  [
    'a claim hears of no sign-in',
    'sign_in',
    'AND NOT answer.is_new_user AND NOT is_test AND has_proved(person, other_method)',
    'AND NOT answer.is_new_user AND NOT is_test',
    ['test/auth/new-device.test.ts'],
  ],
  [
    'a fixed code is told to nobody',
    'sign_in',
    'AND NOT answer.is_new_user AND NOT is_test AND has_proved(person, other_method)',
    'AND NOT answer.is_new_user AND has_proved(person, other_method)',
    ['test/auth/new-device.test.ts'],
  ],
  [
    'notices of sign-ins are five a day',
    'sign_in',
    'WHERE c.total <= s.max_told_per_day',
    '',
    ['test/auth/new-device.test.ts'],
  ],
  [
    'notices by SMS are counted',
    'shared/budgets',
    'IF by_sms = 0 THEN',
    'IF true THEN',
    ['test/auth/new-device.test.ts', 'test/account/change-limit.test.ts'],
  ],
  [
    'an identifier that was unused for long asks for the other one',
    'sign_in',
    'last_use(person, r.method) < now() - make_interval(secs => s.recycle_after)',
    'false',
    recycled,
  ],
  ['weighing spends no code', 'sign_in', "CONTINUE WHEN answers[place].outcome = 'weigh';", '', recycled],
  ['a second proof is of the other identifier', 'sign_in', 'AND t.identifier = other', '', recycled],
  [
    'a second proof ends after ten minutes',
    'sign_in',
    'AND t.identifier = other AND t.expires_at > clock_timestamp()',
    'AND t.identifier = other',
    recycled,
  ],
  [
    'a second proof is good once',
    'sign_in',
    'DELETE FROM recycle_tickets t\n      WHERE',
    'PERFORM FROM recycle_tickets t\n      WHERE',
    recycled,
  ],
  ['nobody proves what no message goes to', 'sign_in', 'IF r.is_reachable THEN', 'IF true THEN', recycled],
  ['both count as used', 'sign_in', "WHEN is_vouched_for THEN 'both'", '', recycled],
  ['a fixed code is no use', 'sign_in', 'WHEN is_test THEN NULL', '', recycled],
  [
    'a fixed code asks for no second proof',
    'sign_in',
    's.recycle_after IS NOT NULL AND NOT is_test AND has_proved(person, other_method) THEN',
    's.recycle_after IS NOT NULL AND has_proved(person, other_method) THEN',
    recycled,
  ],
  [
    'a number is free once its time is over',
    'sign_in',
    'NOT is_test AND is_to_leave(person, r.identifier) THEN',
    'false THEN',
    recycled,
  ],
  [
    'a number stays for 72 hours',
    'shared/users_leaving',
    'AND person.leaving_since <= now() - time_to_leave()',
    '',
    recycled,
  ],
  [
    'a use of either ends the leaving',
    'shared/users',
    'person.leaving_since IS NOT NULL OR last_use',
    'last_use',
    recycled,
  ],
  [
    'a change of either ends the leaving',
    'shared/users_leaving',
    "AND greatest(last_use(person, 'phone'), last_use(person, 'email')) < person.leaving_since",
    '',
    recycled,
  ],
  ['who is disabled keeps what they have', 'shared/users_leaving', 'AND person.disabled_at IS NULL', '', recycled],
  [
    'a step-up is a use',
    'step_up',
    "IF answer.outcome = 'proved' AND used IS NOT NULL THEN",
    'IF false THEN',
    recycled,
  ],
  [
    'who was there since needs no other account',
    'recycled',
    'last_use(person, method) >= ticket.created_at',
    'false',
    recycled,
  ],
  [
    'the last proven identifier stays',
    'recycled',
    "OR NOT (has_proved(person, 'phone') AND has_proved(person, 'email'))",
    '',
    recycled,
  ],
  [
    'a token asks for ten minutes',
    'recycled',
    'AND t.user_id = person.id AND t.expires_at > clock_timestamp()',
    'AND t.user_id = person.id',
    recycled,
  ],
  ['an account is asked for three times a day', 'recycled', '> p_max_told THEN', '> 1000000 THEN', recycled],
  [
    'one identifier leaves at a time',
    'recycled',
    "CASE WHEN person.leaving = ticket.identifier THEN 'asked' ELSE 'too_many' END::new_account_outcome",
    "'asked'",
    recycled,
  ],
  ['a solution is good once', 'send_code', 'AND NOT asked[n].challenge = ANY (used)', '', challenges],
  [
    'a number that nobody knows needs a challenge',
    'send_code',
    ' OR r.needs_challenge AND NOT is_solved',
    '',
    challenges,
  ],
  [
    'in strict mode a challenge is asked of everybody alike',
    'send_code',
    'IF s.is_strict AND s.has_challenges AND is_stranger',
    'IF false AND is_stranger',
    challenges,
  ],
  ['whoever solves is no stranger', 'send_code', 'device IS NULL AND NOT is_solved;', 'device IS NULL;', challenges],
  ['a send counts on neighbours', 'send_code', '(counts.block, 3600, s.shard), ', '', limits],
  ['a mail counts on its mailbox', 'send_code', '(counts.mailbox, 86400, 0), ', '', limits],
  ['a mail counts on its domain', 'send_code', '(counts.domain, 3600, s.shard), ', '', limits],
  ['an SMS counts on its country', 'send_code', ', (counts.country, 300, s.shard)', '', limits],
  ['what was refused is in the trail', 'send_code', 'has_refusals OR answers[n].refusal IS NOT NULL', 'false', limits],
  [
    'a first verification counts on its country',
    'sign_in',
    'PERFORM count_up(countries, 300, s.shard);',
    'PERFORM 1;',
    limits,
  ],
  [
    'a notice by SMS counts on the budget of owners',
    'sign_in',
    'PERFORM count_notices(told_to, s.shard);',
    'PERFORM 1;',
    ['test/auth/new-device.test.ts', 'test/limits/budgets.test.ts'],
  ],
  ['the product is asked before it has an account', 'sign_in', 'IF s.asks_before_signup AND', 'IF false AND', hook],
  ['and before a form makes one', 'sign_up', 'IF s.asks_before_signup AND', 'IF false AND', hook],
  [
    'nobody is asked about who proved nothing',
    'sign_up',
    ' AND EXISTS (\n    SELECT FROM signup_tickets t WHERE t.token_hash = r.ticket_hash AND t.phone = r.phone AND t.expires_at > clock_timestamp())',
    '',
    hook,
  ],
  [
    'one replica delivers to an endpoint',
    'events',
    ' AND (e.owner = p_owner OR e.owned_until <= clock_timestamp())',
    '',
    deliveries,
  ],
  ['only who has the endpoint writes what became of it', 'events', ' AND e.owner = p_owner FOR UPDATE', '', deliveries],
  [
    'an event waits behind one of its user',
    'events',
    'n.user_id IS NOT NULL AND EXISTS',
    'false AND EXISTS',
    deliveries,
  ],
  [
    'what waited has its turn',
    'events',
    'AND d.position = first.position AND d.next_at IS NULL',
    'AND false',
    deliveries,
  ],
  [
    'one that failed for a day is parked',
    'events',
    'd.queued_at <= now() - make_interval(secs => p_patience)',
    'false',
    deliveries,
  ],
]

const usage = `Usage: node scripts/take-out-rules.mjs [NUMBER ...]

Takes one rule after another out of the functions of the database, or those of these numbers, and expects a test to fail each time.
It writes to prisma/functions while it runs.`
const chosen = readWords(usage, { accepts: (word) => Number(word) >= 1 && Number(word) <= rules.length }).words.map(
  Number,
)
let unnoticed = 0
for (const [index, [rule, file, text, without, tests]] of rules.entries()) {
  if (chosen.length > 0 && !chosen.includes(index + 1)) continue
  const path = join(project, 'prisma', 'functions', `${file}.sql`)
  const whole = readFileSync(path, 'utf8')
  if (!whole.includes(text)) throw new Error(`${file}.sql does not hold: ${text}`)
  let output = ''
  try {
    writeFileSync(path, whole.replaceAll(text, without))
    const run = spawnSync('npm', ['test', '--', '--disable-coverage', '--timeout', '40', ...tests], {
      cwd: project,
      encoding: 'utf8',
    })
    output = /^FAIL (.*)$/m.exec(run.stdout)?.[1] ?? ''
    if (run.status !== 0 && output === '') throw new Error(`the tests could not run: ${run.stderr.trim()}`)
  } finally {
    writeFileSync(path, whole)
  }
  if (output === '') unnoticed += 1
  process.stdout.write(
    `${output === '' ? 'NOT NOTICED' : 'noticed    '} ${index + 1}. ${rule}${output && `: ${output}`}\n`,
  )
}
process.stdout.write(`${chosen.length || rules.length} rules, ${unnoticed} not noticed\n`)
process.exitCode = unnoticed > 0 ? 1 : 0
