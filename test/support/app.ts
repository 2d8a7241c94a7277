// The service for a test: the real one, on a database of its own, with a sender that keeps what it is given.
import { generateKeyPairSync } from 'node:crypto'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { type Config, parseConfig } from '../../src/config/config.js'
import { type Database, openDatabase } from '../../src/database/client.js'
import { readMigrationNames } from '../../src/database/migration-files.js'
import { createLogger } from '../../src/http/logger.js'
import type { Message, Sender } from '../../src/messaging/sender.js'
import { Health } from '../../src/operations/health.js'
import type { Services } from '../../src/services.js'
import { isTraced } from '../../src/tracing/tracer.js'
import { checkAnswer } from './answer-check.js'
import { createTestDatabase } from './database.js'

export type TestApp = {
  app: FastifyInstance
  config: Config
  database: Database
  health: Health
  /** what was sent, oldest first */
  messages: Message[]
  /** all that was logged, at level trace */
  logged: () => string
  /** the code of the last message to somebody */
  lastCode: (to: string) => string
  post: (url: string, payload?: object, options?: InjectOptions) => Promise<Answer>
  get: (url: string, options?: InjectOptions) => Promise<Answer>
  ask: (request: InjectOptions) => Promise<Answer>
}

export type Answer = {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape, wrong ones included
  body: any
  text: string
  headers: Record<string, string | string[] | number | undefined>
  cookies: { name: string; value: string; [attribute: string]: unknown }[]
}

export const testSecrets = {
  JWT_PRIVATE_KEY: newPrivateKey(),
  OTP_PEPPER: 'a pepper of the tests, 32 bytes and more',
}

export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The settings of a test, with overrides. */
export function testConfig(overrides: Record<string, string> = {}): Config {
  return parseConfig({
    NODE_ENV: 'test',
    DATABASE_URL: 'postgresql://localhost/none',
    LOG_LEVEL: 'trace',
    // A test asks more in a second than a person in a minute; the limits have tests of their own.
    FLOOD_PER_MINUTE: '100000',
    IP_SEND_PER_HOUR: '100000',
    IP_VERIFY_PER_10_MIN: '100000',
    // What a limit refuses is seen as it is; challenges have tests of their own.
    // The event loop of a test may be late; overload has tests of its own.
    LOAD_SHEDDING: 'off',
    CHALLENGE: 'off',
    ...testSecrets,
    ...overrides,
  })
}

/** Refusing the other thirty at each path takes a third of building a service. */
const usualMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export type StartOptions = {
  settings?: Record<string, string>
  /** in place of the sender that keeps messages */
  senders?: readonly Sender[]
  /** of another test app, to share it like a second replica */
  databaseUrl?: string
  /** the bundle of the sign-in page, in place of the one that was built */
  pageFolder?: string
  /** answers all methods that there are, as in production: otherwise those alone that some route takes, and OPTIONS and PUT */
  answersAllMethods?: boolean
  onServices?: (services: Services) => void
}

export async function startApp(t: Test, options: StartOptions = {}): Promise<TestApp> {
  const url = options.databaseUrl ?? (await createTestDatabase()).url
  const config = testConfig({ DATABASE_URL: url, ...options.settings })
  const database = openDatabase(config.database)
  const lines: string[] = []
  const logger = createLogger(config.logLevel, { write: (line) => void lines.push(line) }, isTraced())
  const health = new Health({ database, migrationNames: await readMigrationNames(), logger })
  const messages: Message[] = []
  const recorder: Sender = {
    name: 'recorder',
    send: async (message) => {
      messages.push(message)
      return { messageId: `message-${messages.length}` }
    },
  }
  const senders = options.senders ?? [recorder]
  const dependencies = {
    config,
    database,
    logger,
    health,
    senders: { sms: senders, email: senders },
    version: '0.0.0',
    ...(!options.answersAllMethods && { answeredMethods: usualMethods }),
    ...(options.pageFolder && { pageFolder: options.pageFolder }),
    ...(options.onServices && { onServices: options.onServices }),
  }
  const app = await buildApp(dependencies)
  t.teardown(async () => {
    await app.close()
    await database.$disconnect()
  })

  async function ask(request: InjectOptions): Promise<Answer> {
    const answer = await app.inject(request)
    checkAnswer(request, answer)
    return {
      status: answer.statusCode,
      body: parse(answer.body),
      text: answer.body,
      headers: answer.headers,
      cookies: answer.cookies as Answer['cookies'],
    }
  }

  return {
    app,
    config,
    database,
    health,
    messages,
    logged: () => lines.join(''),
    lastCode: (to) => messages.findLast((message) => message.to === to)?.code ?? 'no message',
    post: (url, payload, more = {}) => ask({ method: 'POST', url, ...(payload && { payload }), ...more }),
    get: (url, more = {}) => ask({ method: 'GET', url, ...more }),
    ask,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Another code than this one, of the same length. */
export function wrongCode(code: string): string {
  return [...code].map((digit) => (Number(digit) + 1) % 10).join('')
}
