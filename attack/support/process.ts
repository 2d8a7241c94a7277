// The built service as a process: in production mode, on a free loopback port, with nothing of our environment but PATH.
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { remember, rememberOutput } from './evidence.js'

export type Settings = Readonly<Record<string, string>>

export type Running = { child: ChildProcess; output: () => string; exited: Promise<number | null> }

export const projectDirectory = fileURLToPath(new URL('../..', import.meta.url))

// An empty folder, so that no `.env` of a developer gets in.
const workingDirectory = mkdtempSync(join(tmpdir(), 'latchkey-attack-'))

export function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { privateKey, publicKey, pem, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

/** The key that every service of the run signs with, unless an attack gives another. */
export const serviceKey = newKey()
export const pepper = randomBytes(32).toString('base64')
const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`
for (const secret of [pepper, webhookSecret, webhookSecret.slice(6)]) remember('setting', secret)
remember('setting', serviceKey.pem.split('\n')[1])

/** Limits that all attacks together would run into, since all come from one address. Attacks on limits set them back. */
const outOfTheWay = {
  IP_SEND_PER_HOUR: '100000',
  IP_VERIFY_PER_10_MIN: '100000',
  IP_UNKNOWN_PER_HOUR: '100000',
  FLOOD_PER_MINUTE: '100000',
  SMS_BUDGET_PER_HOUR: '100000',
  SMS_BUDGET_PER_DAY: '100000',
  BREAKER_MIN_SENDS: '100000',
  // What a limit refuses is seen as it is.
  CHALLENGE: 'off',
}

export const productionSettings = (databaseUrl: string, gatewayUrl: string): Settings => ({
  DATABASE_URL: databaseUrl,
  HOST: '127.0.0.1',
  PORT: '0',
  JWT_PRIVATE_KEY: serviceKey.pem,
  OTP_PEPPER: pepper,
  SMS_DRIVERS: 'webhook',
  EMAIL_DRIVERS: 'webhook',
  SENDER_WEBHOOK_URL: gatewayUrl,
  SENDER_WEBHOOK_SECRET: webhookSecret,
  LOG_LEVEL: 'trace',
  // Once a year: an attack that wants the cleanup runs it.
  CLEANUP_CRON: '0 0 1 1 *',
  // What a busy machine makes late is no attack's doing: those that are about it turn it on.
  LOAD_SHEDDING: 'off',
  ...outOfTheWay,
})

const children = new Set<ChildProcess>()

/** Ends every process that the run has started and that still runs. */
export function endAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** Starts a built program of the service. */
export function startProgram(program: string, settings: Settings): Running {
  const child = spawn(process.execPath, [join(projectDirectory, 'dist', program)], {
    cwd: workingDirectory,
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  child.once('close', () => children.delete(child))
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  }
  const output = () => chunks.join('')
  rememberOutput(program, output)
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, output, exited }
}

/** Where the service listens. Rejects with what it printed if it ends before. */
export async function listening({ child, output, exited }: Running): Promise<string> {
  for (;;) {
    const url = /listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(output())?.[1]
    if (url !== undefined) return url
    const ended = exited.then(() => Promise.reject(new Error(`the service did not start: ${output()}`)))
    await Promise.race([child.stdout ? once(child.stdout, 'data') : ended, ended])
  }
}

/** What a start with these settings comes to: the exit code and all it printed, or null where it listens. */
export async function refusalOf(settings: Settings): Promise<{ code: number | null; output: string } | null> {
  const running = startProgram('server.js', settings)
  try {
    await listening(running)
    return null
  } catch {
    return { code: await running.exited, output: running.output() }
  } finally {
    running.child.kill('SIGKILL')
  }
}
