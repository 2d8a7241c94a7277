// `npm run bench:users [-- --users 1000000 --requests 200 --repetitions 5]`: what list and search of users cost where there are
// many, beside where there are a thousand. The whole service by inject, on PostgreSQL with fsync on, in turns in one run.
import { cpus, loadavg } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../src/app.js'
import { perform } from '../src/cli/command.js'
import { seedCommand } from '../src/cli/seed.js'
import { exitCodeAfter, parseCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { parseConfig } from '../src/config/config.js'
import { openDatabase } from '../src/database/client.js'
import { createLogger } from '../src/http/logger.js'
import { Health } from '../src/operations/health.js'
import { newPrivateKey } from '../test/support/app.js'
import { startBenchDatabases } from './support/databases.js'
import { percentile, ratios, spread } from './support/figures.js'

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

const settings = {
  NODE_ENV: 'test',
  OTP_ECHO: 'true',
  RATE_LIMITS: 'off',
  LOG_LEVEL: 'silent',
  JWT_PRIVATE_KEY: newPrivateKey(),
  OTP_PEPPER: 'a pepper of the bench, of 32 bytes and more',
}

/** What is asked; the answers of both sizes have to hold as many users. */
const questions: readonly (readonly [name: string, query: string])[] = [
  ['list, first page', '?limit=20'],
  ['list, newest first', '?limit=20&sort=-created_at'],
  ['list by name', '?limit=20&sort=user_name'],
  ['list by name, page from the middle', '?limit=20&sort=user_name&cursor=CURSOR'],
  ['search, a name', '?q=asha%20r'],
  ['search, a name by name', '?q=asha%20r&sort=user_name'],
  ['search, one letter', '?q=y'],
  ['search, part of a number', '?q=98765'],
  ['search, an email', '?q=rao.1.'],
]

type Place = Readonly<{ ask: (url: string) => Promise<Page> }>
type Page = Readonly<{ data: readonly object[]; next_cursor: string | null }>

/** The service on a database with so many users, and an admin who asks. */
async function openPlace(url: string, users: number): Promise<Place & { close: () => Promise<void> }> {
  const environment = { ...settings, DATABASE_URL: url }
  const words = ['--users', String(users)]
  const printError = (line: string) => process.stderr.write(`\r${line} `)
  const code = await perform(seedCommand, { words, environment, print: tell, printError })
  if (code !== 0) throw new Error('the users could not be written')
  const config = parseConfig(environment)
  const database = openDatabase(config.database)
  const logger = createLogger('silent', { write: () => {} })
  const health = new Health({ database, migrationNames: [], logger })
  const accepting = [{ name: 'accepting', send: async () => ({}) }]
  const senders = { sms: accepting, email: accepting }
  const app = await buildApp({ config, database, logger, health, senders, version: '0' })
  const token = await signInAsAdmin(app)
  await database.$executeRaw`UPDATE users SET role = 'ADMIN' WHERE email = 'admin@bench.example'`
  await database.$executeRaw`VACUUM ANALYZE users`
  return {
    async ask(query) {
      const answer = await app.inject({ url: `/users${query}`, headers: { authorization: `Bearer ${token}` } })
      if (answer.statusCode !== 200) throw new Error(`${query}: ${answer.statusCode} ${answer.body}`)
      return answer.json<Page>()
    },
    async close() {
      await app.close()
      await database.$disconnect()
    },
  }
}

async function signInAsAdmin(app: FastifyInstance): Promise<string> {
  const email = 'admin@bench.example'
  const { otp } = (await app.inject({ method: 'POST', url: '/auth/request-otp', payload: { email } })).json()
  const verified = await app.inject({ method: 'POST', url: '/auth/verify-otp', payload: { email, otp } })
  return verified.json<{ token: string }>().token
}

/** A cursor from about the middle: of the users whose name begins with the middle of the alphabet. */
async function middleCursor(place: Place): Promise<string> {
  const { next_cursor: cursor } = await place.ask('?q=m&sort=user_name&limit=1')
  if (cursor === null) throw new Error('nobody is called M…')
  return encodeURIComponent(cursor)
}

/** Milliseconds of each request, one after the other. */
async function measure(place: Place, query: string, requests: number): Promise<number[]> {
  const times = []
  for (let count = 0; count < requests; count += 1) {
    const started = performance.now()
    await place.ask(query)
    times.push(performance.now() - started)
  }
  return times
}

async function main(): Promise<void> {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench:users --',
      summary: 'Measures what list and search of users cost where there are many: docs/performance.md.',
      options: {
        users: { type: 'string', value: 'NUMBER', default: '1000000', description: 'beside a thousand' },
        requests: { type: 'string', value: 'NUMBER', default: '200', description: 'of each question in a repetition' },
        repetitions: { type: 'string', value: 'NUMBER', default: '5', description: 'of each question' },
      },
    },
    process.argv.slice(2),
  )
  const users = wholeNumber('--users', values.users)
  const requests = wholeNumber('--requests', values.requests)
  const repetitions = wholeNumber('--repetitions', values.repetitions)
  const databases = await startBenchDatabases({ shared_buffers: '512MB' }, tell)
  try {
    await databases.withDatabase((small) =>
      databases.withDatabase(async (large) => {
        const places = [await openPlace(small, 1_000), await openPlace(large, users)]
        try {
          await compare(places, { users, requests, repetitions, version: databases.version })
        } finally {
          for (const place of places) await place.close()
        }
      }),
    )
  } finally {
    await databases.stop()
  }
}

type Run = Readonly<{ users: number; requests: number; repetitions: number; version: string }>

async function compare(places: readonly Place[], { users, requests, repetitions, version }: Run): Promise<void> {
  const cursors = await Promise.all(places.map(middleCursor))
  const lines: string[] = []
  for (const [name, question] of questions) {
    const slowest: number[][] = places.map(() => [])
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const [index, place] of places.entries()) {
        const query = question.replace('CURSOR', String(cursors[index]))
        if (repetition === 0) await measure(place, query, Math.ceil(requests / 4))
        slowest[index]?.push(percentile(await measure(place, query, requests), 0.95))
      }
    }
    const [few = [], many = []] = slowest
    lines.push(`| ${name} | ${spread(few, 1)} | ${spread(many, 1)} | ${spread(ratios(many, few), 1)} |`)
    tell(String(lines.at(-1)))
  }
  process.stdout.write(`PostgreSQL ${version}, fsync on, one request at a time, ${requests} a repetition, ${repetitions} repetitions in turns,
${cpus().length} cores, Node.js ${process.version}, load at the end ${loadavg()[0]?.toFixed(1)}. 95 % of the answers came within so many
milliseconds: median (least–most) of the repetitions.

| | 1,000 users | ${users.toLocaleString('en')} users | ratio |
|---|---|---|---|
${lines.join('\n')}
`)
}

await main().catch((error: unknown) => {
  process.stderr.write(`npm run bench:users: ${Object(error).message}\n`)
  process.exitCode = exitCodeAfter(error)
})
