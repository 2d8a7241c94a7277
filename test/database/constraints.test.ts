// What the database refuses by itself, should the code above it ever be wrong.
import t from 'tap'
import { connectForMigrations, statement } from '../../src/database/migration-adapter.js'
import { createTestDatabase } from '../support/database.js'

const id = 'gen_random_uuid()'
const digest = "sha256('x')"

const otp = (changes: Record<string, string>) => {
  const row = {
    identifier: "'+919876543210'",
    purpose: "'sign_in'",
    code_id: id,
    code_hash: digest,
    expires_at: 'now()',
    resend_at: 'now()',
    hour_started_at: 'now()',
    day_started_at: 'now()',
    ...changes,
  }
  return `INSERT INTO otps (${Object.keys(row)}) VALUES (${Object.values(row)})`
}
const user = (phone: string, email: string) => `INSERT INTO users (id, phone, email) VALUES (${id}, ${phone}, ${email})`
const ticket = (hash: string, phone: string) => `INSERT INTO signup_tickets VALUES (${hash}, ${phone}, now())`
const recycleTicket = (hash: string) =>
  `INSERT INTO recycle_tickets SELECT ${hash}, u.id, u.phone, now() FROM users u LIMIT 1`
const exchangeCode = (hash: string, challenge: string, opened = 'NULL') =>
  `INSERT INTO exchange_codes (token_hash, user_id, session_id, origin, challenge, expires_at, opened_session_id)
   SELECT ${hash}, u.id, u.id, 'https://shop.example', ${challenge}, now(), ${opened} FROM users u LIMIT 1`
const apiKey = (hash: string, scopes: string) =>
  `INSERT INTO api_keys (id, name, token_hash, beginning, scopes, expires_at) VALUES (${id}, 'x', ${hash}, 'lk_1234', ${scopes}, now())`
const passkey = (id: string, counter: string) =>
  `INSERT INTO passkeys (id, user_id, credential_id, public_key, counter, device_type, backed_up, aaguid, name)
   SELECT gen_random_uuid(), u.id, ${id}, 'key', ${counter}, 'single_device', false, u.id, 'Key' FROM users u LIMIT 1`
const passkeyChallenge = (hash: string, holder: string, session: string) =>
  `INSERT INTO passkey_challenges VALUES (${hash}, 'step_up', ${holder}, ${session}, now())`
const event = (columns: Record<string, string>) =>
  `INSERT INTO auth_events (${Object.keys(columns)}) VALUES (${Object.values(columns)})`
const report = (name: string) => event({ event: `'${name}'`, driver: "'twilio'", message_id: "'SM1'" })

const accepted = [
  user("'+919876543210'", 'NULL'),
  user('NULL', "'someone@example.com'"),
  otp({}),
  otp({ code_hash: 'NULL', lane: "'device'" }),
  otp({ lane: "'seeded'", code_seed: digest, code_made_at: 'now()' }),
  otp({ lane: "'fixed'", is_test: 'true' }),
  ticket(digest, "'+919876543210'"),
  recycleTicket(digest),
  exchangeCode(digest, digest),
  apiKey(digest, "'{users:read}'"),
  passkey("'id'", '4294967295'),
  passkeyChallenge(digest, digest, 'NULL'),
  report('delivery_accepted'),
  report('delivery_confirmed'),
  event({ event: "'delivery_refused'", channel: "'sms'", country: "'IN'" }),
]

const counters = ['attempts', 'send_streak', 'hour_sends', 'day_sends', 'failures']

const refused: Readonly<Record<string, string[]>> = {
  users_identifier_check: [user('NULL', 'NULL')],
  users_phone_check: [
    user("'919876543211'", 'NULL'),
    user("'+019876543211'", 'NULL'),
    user("'+91 987654321'", 'NULL'),
    user("E'+919876543211\\n'", 'NULL'),
  ],
  users_email_check: [user('NULL', "'Someone@example.com'")],
  otps_counters_check: counters.map((counter) => otp({ lane: "'other'", [counter]: '-1' })),
  otps_code_seed_check: [
    otp({ lane: "'other'", code_seed: "'123456'", code_made_at: 'now()' }),
    otp({ lane: "'other'", code_seed: digest }),
    otp({ lane: "'other'", code_made_at: 'now()' }),
  ],
  otps_is_test_check: [
    otp({ lane: "'other'", is_test: 'true', purpose: "'step_up'" }),
    otp({ lane: "'other'", is_test: 'true', code_seed: digest, code_made_at: 'now()' }),
  ],
  otps_code_sends_check: [otp({ lane: "'other'", code_sends: '-1' })],
  otps_code_hash_check: [otp({ lane: "'other'", code_hash: "'123456'" })],
  signup_tickets_token_hash_check: [ticket("'ticket'", "'+919876543210'")],
  signup_tickets_phone_check: [ticket("sha256('y')", "'9876543210'")],
  recycle_tickets_token_hash_check: [recycleTicket("'ticket'")],
  exchange_codes_token_hash_check: [exchangeCode("'code'", digest)],
  exchange_codes_challenge_check: [exchangeCode("sha256('y')", "'verifier'")],
  exchange_codes_opened_check: [exchangeCode("sha256('y')", digest, 'gen_random_uuid()')],
  api_keys_token_hash_check: [apiKey("'key'", "'{users:read}'")],
  api_keys_scopes_check: [apiKey("sha256('y')", "'{}'"), apiKey("sha256('y')", "'{users:read,admin}'")],
  passkeys_credential_id_check: [passkey("''", '0'), passkey("repeat('x', 1024)::bytea", '0')],
  passkeys_counter_check: [passkey("'y'", '-1'), passkey("'y'", '4294967296')],
  passkey_challenges_challenge_hash_check: [passkeyChallenge("'challenge'", digest, 'NULL')],
  passkey_challenges_holder_hash_check: [passkeyChallenge("sha256('y')", "'token'", 'NULL')],
  passkey_challenges_holder_check: [
    passkeyChallenge("sha256('y')", 'NULL', 'NULL'),
    passkeyChallenge("sha256('y')", digest, 'gen_random_uuid()'),
  ],
  auth_events_channel_check: [event({ event: "'x'", channel: "'fax'" })],
  auth_events_country_check: [event({ event: "'x'", country: "'in'" })],
  auth_events_message_id_check: [event({ event: "'delivery_accepted'", message_id: "'SM2'" })],
  auth_events_report_check: [event({ event: "'delivery_failed'", driver: "'twilio'" })],
}

t.test('CHECK constraints', async (t) => {
  const connection = await connectForMigrations((await createTestDatabase()).url)
  for (const sql of accepted) await t.resolves(connection.executeRaw(statement(sql)), sql)
  for (const [constraint, statements] of Object.entries(refused)) {
    for (const sql of statements) {
      await t.rejects(connection.executeRaw(statement(sql)), { message: new RegExp(`"${constraint}"`) }, sql)
    }
  }
  await connection.dispose()
})
