// Records what the service asks of its database, call by call, so that the ceiling can ask the same.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { withConnection } from '../../src/development/postgres-query.js'
import { type Connection, type HttpRequest, openConnection } from '../generator/connection.js'
import { bodyOf, forwardedFor, textOf } from '../generator/dialect.js'
import { type FakeGateway, startFakeGateway } from '../generator/fake-gateway.js'
import { addressOf, createRotation, createSupply, internationalOf, type MobileNumber } from '../generator/numbers.js'
import type { createFacts } from '../servers/facts.mjs'
import { startServer } from './servers.js'
import { type Settings, serverSettings } from './settings.js'
import { type Call, type Facts, type SeenStatement, statementsOf } from './statement-sources.js'

type RecordedCall = 'send' | 'verify' | 'signup' | 'me'

/** As often as each call is made: fewer might take a value for a constant that was the same by chance. */
const repetitions = 6

/**
 * Writes the recording to a file and returns its path.
 * @param users in the database
 */
export async function recordStatements(projectDirectory: string, databaseUrl: string, users: number): Promise<string> {
  const folder = join(projectDirectory, '.data', 'bench')
  const seenFile = join(folder, 'seen-statements.jsonl')
  const gateway = await startFakeGateway()
  const hook = pathToFileURL(join(projectDirectory, 'bench', 'servers', 'record-statements.mjs')).href
  const settings = (port: number): Settings => ({
    ...serverSettings(databaseUrl, gateway.url, port, 1),
    RECORD_STATEMENTS_TO: seenFile,
    // Once a year: what it asks belongs to no call.
    CLEANUP_CRON: '0 0 1 1 *',
  })
  const server = await startServer({
    projectDirectory,
    program: 'dist/server.js',
    readyPath: '/health/ready',
    cores: null,
    nodeArguments: ['--import', hook],
    settings,
  })
  const connection = await openConnection(server.url)
  // Loaded late: it is made of the build.
  const { createFacts } = await import('../servers/facts.mjs')
  const facts = createFacts(String(settings(0)['OTP_PEPPER']))
  const recorder = createRecorder({ connection, seenFile, facts, gateway, databaseUrl })
  const calls: Record<RecordedCall, Call[]> = { send: [], verify: [], signup: [], me: [] }
  // Each calls from another network.
  const [nextUser, nextNewcomer] = [createRotation(users), createSupply('recorded')]
  for (let index = 0; index < repetitions; index += 1) {
    const [user, newcomer] = [nextUser(), nextNewcomer()]
    const known = await recorder.send('/api/auth/send-otp', user, { mobile_number: user })
    calls.send.push(known.call)
    const verified = await recorder.verify('/api/auth/verify-otp', user, { mobile_number: user }, known.code)
    calls.verify.push(verified.call)
    calls.me.push(await recorder.me(verified.token))
    const body = { phonePrefix: '+91', phone: newcomer }
    const { code } = await recorder.send('/auth/request-otp', newcomer, body)
    calls.signup.push((await recorder.verify('/auth/verify-otp', newcomer, body, code)).call)
  }
  connection.close()
  await server.stop()
  gateway.close()
  const recording = Object.fromEntries(Object.entries(calls).map(([name, made]) => [name, statementsOf(made)]))
  const file = join(folder, 'recorded-statements.json')
  writeFileSync(file, JSON.stringify(recording, null, 1))
  return file
}

type RecorderParts = Readonly<{
  connection: Connection
  seenFile: string
  facts: ReturnType<typeof createFacts>
  gateway: FakeGateway
  databaseUrl: string
}>

/** Milliseconds without a further statement after which a call has asked all it asks, also what nobody waits for. */
const quiet = 150

/** Makes calls and sees what the service asks of its database meanwhile. */
function createRecorder({ connection, seenFile, facts, gateway, databaseUrl }: RecorderParts) {
  async function watch(request: HttpRequest) {
    writeFileSync(seenFile, '')
    const answer = await connection.ask(request)
    const body = bodyOf(answer, 200)
    // A slice of a budget is good for some sixty messages: the ceiling has all of them.
    const seen = (await readWhenQuiet(seenFile))
      .map((line) => JSON.parse(line, revive) as SeenStatement)
      .filter(({ text }) => !text.includes('.take_leases('))
    return { seen, body, requestId: String(/\r\nx-request-id: *(\S+)/i.exec(answer.head)?.[1]) }
  }

  async function send(path: string, number: MobileNumber, body: object): Promise<{ call: Call; code: string }> {
    const { seen, requestId } = await watch({ method: 'POST', path, headers: forwardedFor(number), body })
    const identifier = internationalOf(number)
    const code = gateway.takeCode(identifier)
    const stored = { codeSeed: await seedOf(databaseUrl, identifier), codeHash: facts.hashOf(identifier, code) }
    const known = facts.ofSend(identifier, stored, addressOf(number), requestId)
    return { call: { seen, facts: { ...known, messageId: gateway.lastMessageId() } }, code }
  }

  async function verify(path: string, number: MobileNumber, body: object, code: string) {
    const request = { method: 'POST', path, headers: forwardedFor(number), body: { ...body, otp: code } } as const
    const { seen, body: answer, requestId } = await watch(request)
    const token = textOf(answer, 'token')
    const known = facts.ofVerify(internationalOf(number), code, addressOf(number), requestId)
    return { call: { seen, facts: { ...known, ...rowsOf(token) } }, token }
  }

  async function me(token: string): Promise<Call> {
    const headers = { authorization: `Bearer ${token}` }
    const { seen } = await watch({ method: 'GET', path: '/api/auth/me', headers })
    return { seen, facts: rowsOf(token) }
  }

  return { send, verify, me }
}

async function readWhenQuiet(file: string): Promise<string[]> {
  for (let before = ''; ; ) {
    await sleep(quiet)
    const text = readFileSync(file, 'utf8').trim()
    if (text !== '' && text === before) return text.split('\n')
    before = text
  }
}

/** What the service made the live code of: only the database knows. */
function seedOf(databaseUrl: string, identifier: string): Promise<Uint8Array> {
  return withConnection(databaseUrl, async (client) => {
    const query = "SELECT code_seed AS seed FROM otps WHERE identifier = $1 AND purpose = 'sign_in'"
    const { rows } = await client.query<{ seed: Uint8Array }>(query, [identifier])
    if (rows[0] === undefined) throw new Error('no code was kept')
    return rows[0].seed
  })
}

/** The rows that a token names. */
function rowsOf(token: string): Facts {
  const claims: unknown = JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString('utf8'))
  return { sessionId: Reflect.get(Object(claims), 'sid'), userId: Reflect.get(Object(claims), 'sub') }
}

/** Bytes, as the service's process wrote them down. */
function revive(_name: string, value: unknown): unknown {
  const bytes: unknown = Reflect.get(Object(value), 'bytes')
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : value
}
