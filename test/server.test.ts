// The service as a process: refuses to start on unsafe settings, starts in production, stops in order.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newPrivateKey } from './support/app.js'
import { createTestDatabase } from './support/database.js'
import { projectDirectory } from './support/project.js'

const program = join(import.meta.dirname, '..', 'src', 'server.js')

type Running = { child: ChildProcess; output: () => string; exited: Promise<number | null> }

function startProcess(t: Test, environment: Record<string, string>): Running {
  const child = spawn(process.execPath, [program], {
    cwd: projectDirectory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const keep = (chunk: string) => {
    text += chunk
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)
  const exited = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(() => child.kill('SIGKILL'))
  return { child, output: () => text, exited }
}

/** A gateway that keeps the codes it is given, and answers when `hold` lets it. */
async function startGateway(t: Test) {
  const codes: Record<string, string> = {}
  const gate = { hold: Promise.resolve(), reached: () => {} }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { to, code } = JSON.parse(body)
    codes[to] = code
    gate.reached()
    await gate.hold
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { codes, gate, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

async function startProduction(t: Test) {
  const { url: databaseUrl } = await createTestDatabase()
  const gateway = await startGateway(t)
  const running = startProcess(t, {
    DATABASE_URL: databaseUrl,
    HOST: '127.0.0.1',
    PORT: '0',
    JWT_PRIVATE_KEY: newPrivateKey(),
    OTP_PEPPER: 'a pepper of the tests, 32 bytes and more',
    SMS_DRIVERS: 'webhook',
    EMAIL_DRIVERS: 'webhook',
    SENDER_WEBHOOK_URL: gateway.url,
    SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    OTP_LENGHT: '8',
  })
  const stdout = running.child.stdout
  let url: string | undefined
  while (url === undefined && stdout) {
    url = /listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(running.output())?.[1]
    if (url === undefined)
      await Promise.race([once(stdout, 'data'), running.exited.then(() => Promise.reject(running.output()))])
  }
  const base = String(url)
  const post = (path: string, body: object) =>
    fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { ...running, ...gateway, base, post }
}

t.test('without its settings it says what is missing, a line each, and exits with 1', async (t) => {
  const { exited, output } = startProcess(t, { DATABASE_URI: 'postgresql://127.0.0.1/secret-word' })
  t.equal(await exited, 1)
  const lines = output().trim().split('\n')
  t.ok(lines.some((line) => line.startsWith('DATABASE_URL is required')))
  t.ok(
    lines.every((line) => /^[A-Z_]+ /.test(line)),
    output(),
  )
  t.equal(lines.at(-1), 'DATABASE_URI is no setting; did you mean DATABASE_URL?')
  t.notMatch(output(), /secret-word/)
})

t.test('words that cannot be sent stop it in the same way', async (t) => {
  const { exited, output } = startProcess(t, {
    NODE_ENV: 'test',
    DATABASE_URL: 'postgresql://127.0.0.1:9/none',
    JWT_PRIVATE_KEY: newPrivateKey(),
    OTP_PEPPER: 'a pepper of the tests, 32 bytes and more',
    MESSAGES_DIR: t.testdir({ 'en.json': '{"sms":["Hello"],"heading":"{name}"}' }),
    LOG_LEVEL: 'silent',
    SMS_DRIVERS: 'console',
    EMAIL_DRIVERS: 'console',
  })
  t.equal(await exited, 1)
  t.strictSame(output().trim().split('\n'), [
    'MESSAGES_DIR en.json: sms[0]: must contain {code}',
    'MESSAGES_DIR en.json: heading: {name} is none of {code}, {app}, {duration}, {shortDuration}',
  ])
})

t.test('in production it signs a person in, and no answer or log holds the code', async (t) => {
  const { base, post, codes, output, child, exited } = await startProduction(t)
  t.equal((await fetch(`${base}/health/ready`)).status, 200)
  t.match(output(), /OTP_LENGHT is no setting; did you mean OTP_LENGTH\?/)
  const sent = await (await post('/auth/request-otp', { email: 'asha@example.com' })).json()
  t.notOk('otp' in Object(sent))
  const otp = codes['asha@example.com']
  const verified = await post('/auth/verify-otp', { email: 'asha@example.com', otp })
  t.equal(verified.status, 200)
  t.match(verified.headers.get('set-cookie'), /^jwt=.*; Secure/)
  const { token } = Object(await verified.json())
  t.notOk([otp, token, 'asha@example.com'].some((secret) => output().includes(secret)))
  child.kill('SIGTERM')
  t.equal(await exited, 0)
})

t.test('a stop finishes what is under way, turns the probe first, and ends with 0', async (t) => {
  const { base, post, gate, child, exited, output } = await startProduction(t)
  let release = () => {}
  gate.hold = new Promise((resolve) => {
    release = resolve
  })
  const reached = new Promise<void>((resolve) => {
    gate.reached = resolve
  })
  const underWay = post('/auth/request-otp', { email: 'asha@example.com' })
  await reached
  child.kill('SIGTERM')
  while (!output().includes('"msg":"stopping"') && child.stdout) await once(child.stdout, 'data')
  t.equal((await fetch(`${base}/health/ready`)).status, 503)
  t.equal((await fetch(`${base}/health/live`)).status, 200)
  release()
  t.equal((await underWay).status, 200)
  t.equal(await exited, 0)
  t.match(output(), /"msg":"stopped"/)
})
