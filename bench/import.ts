// `npm run bench:import [-- --users 1000000 --repetitions 3]`: how many users move in in a second, of lines of JSON and of CSV, beside a
// plain COPY of the rows that they become into the same table with the same indexes, in turns in one run.
import { createWriteStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { escapeLiteral } from 'pg'
import { progressLine } from '../src/cli/progress.js'
import { exitCodeAfter, parseCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { withDirectClient } from '../src/database/direct-client.js'
import { IdentifierParser } from '../src/identifiers/parser.js'
import { importUsers } from '../src/users/import/import.js'
import { mapNamed, ownMap } from '../src/users/import/maps.js'
import { startBenchDatabases } from './support/databases.js'
import { ratios, spread } from './support/figures.js'

const tell = (line: string): void => void process.stderr.write(`${line}\n`)
const parser = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms', 'email'] })

/** A third has a phone alone, a third an email alone, a third both. */
function identifiersOf(index: number) {
  return {
    phone: index % 3 === 0 ? null : `91${7_000_000_000 + index}`,
    email: index % 3 === 1 ? null : `person.${index}@example.com`,
  }
}

const names = ['Asha Rao', 'Ravi Verma', 'Meera Nair', 'Élodie Brûlé', 'अर्जुन शर्मा']

/** A row of auth.users as `to_jsonb` writes it, with the columns that nobody asks for. */
function supabaseLine(index: number): string {
  const { phone, email } = identifiersOf(index)
  const at = new Date(1.6e12 + index * 1_000).toISOString()
  return JSON.stringify({
    instance_id: '00000000-0000-0000-0000-000000000000',
    id: `0192a3b4-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    aud: 'authenticated',
    role: 'authenticated',
    email,
    email_confirmed_at: email && at,
    last_sign_in_at: at,
    raw_app_meta_data: { provider: 'email', providers: ['email'] },
    raw_user_meta_data: { full_name: names[index % names.length] },
    created_at: at,
    updated_at: at,
    phone,
    phone_confirmed_at: phone && at,
    banned_until: null,
    deleted_at: null,
    is_anonymous: false,
  })
}

const clerkHeader =
  'id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher'

function clerkLine(index: number): string {
  const { phone, email } = identifiersOf(index)
  const [number, address] = [phone === null ? '' : `+${phone}`, email ?? '']
  const [first, last] = String(names[index % names.length]).split(' ')
  return `user_${index},"${first}","${last}",,${address},${number},"${address}",,"${number}",,,,`
}

const exports = [
  { name: 'lines of JSON (supabase)', map: 'supabase', header: '', line: supabaseLine },
  { name: 'CSV (clerk)', map: 'clerk', header: `${clerkHeader}\n`, line: clerkLine },
] as const

type Export = (typeof exports)[number]

async function writeExport(path: string, { header, line }: Export, users: number): Promise<void> {
  function* pieces() {
    yield header
    for (let index = 0; index < users; index += 1_000) {
      yield Array.from({ length: Math.min(1_000, users - index) }, (_, place) => `${line(index + place)}\n`).join('')
    }
  }
  await pipeline(Readable.from(pieces()), createWriteStream(path))
}

/** Seconds that an import takes into a database. */
async function importInto(url: string, path: string, { map }: Export, users: number): Promise<number> {
  const file = await open(path)
  try {
    const begin = performance.now()
    const elapsed = () => (performance.now() - begin) / 1_000
    const { counts } = await withDirectClient(url, (client) =>
      importUsers({
        client,
        file,
        map: mapNamed(map) ?? ownMap,
        parser,
        paths: { report: `${path}.refused`, ids: `${path}.ids`, ledger: `${path}.ledger` },
        trustsVerified: true,
        tell: ({ records }) =>
          process.stderr.write(`\r${progressLine({ done: records, total: users, elapsed: elapsed() })}   `),
      }),
    )
    tell('')
    if (counts.made !== users) throw new Error(`${counts.made} of ${users} moved in: ${JSON.stringify(counts.refused)}`)
    return elapsed()
  } finally {
    await file.close()
  }
}

/** Seconds that PostgreSQL takes to read the rows of one database into another, from a file that it wrote before. */
function copyInto(url: string, path: string): Promise<number> {
  return withDirectClient(url, async (client) => {
    const begin = performance.now()
    await client.query(`COPY users FROM ${escapeLiteral(path)}`)
    return (performance.now() - begin) / 1_000
  })
}

const copyOut = (url: string, path: string) =>
  withDirectClient(url, (client) => client.query(`COPY users TO ${escapeLiteral(path)}`))

async function main(): Promise<void> {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench:import --',
      summary: 'Measures how fast users move in: docs/performance.md.',
      options: {
        users: { type: 'string', value: 'NUMBER', default: '1000000', description: 'of each file' },
        repetitions: { type: 'string', value: 'NUMBER', default: '3', description: 'of each file' },
      },
    },
    process.argv.slice(2),
  )
  const users = wholeNumber('--users', values.users)
  const repetitions = wholeNumber('--repetitions', values.repetitions)
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  // PostgreSQL writes there, which may be another user's process.
  const copy = `${folder}.copy`
  const databases = await startBenchDatabases({ shared_buffers: '512MB', max_wal_size: '8GB' }, tell)
  const rates = exports.map(() => ({ imported: [] as number[], copied: [] as number[], megabytes: 0 }))
  try {
    for (const [index, each] of exports.entries()) await writeExport(join(folder, String(index)), each, users)
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const [index, each] of exports.entries()) {
        const path = join(folder, String(index))
        const rate = rates[index]
        if (rate === undefined) continue
        rate.megabytes = (await stat(path)).size / 1e6
        await databases.withDatabase(async (url) => {
          rate.imported.push(users / (await importInto(url, path, each, users)))
          await copyOut(url, copy)
        })
        await databases.withDatabase(async (url) => rate.copied.push(users / (await copyInto(url, copy))))
        await rm(copy)
      }
    }
  } finally {
    await databases.stop()
    await rm(folder, { recursive: true })
  }
  const lines = exports.map(({ name }, index) => {
    const { imported = [], copied = [], megabytes = 0 } = rates[index] ?? {}
    return `| ${name}, ${megabytes.toFixed(0)} MB | ${spread(imported)} | ${spread(copied)} | ${spread(ratios(copied, imported), 1)} |`
  })
  process.stdout.write(`PostgreSQL ${databases.version}, fsync on, ${users.toLocaleString('en')} users, ${repetitions} repetitions in turns, ${cpus().length} cores,
Node.js ${process.version}, load at the end ${loadavg()[0]?.toFixed(1)}. Users a second: median (least–most) of the repetitions.

| | moved in | by a COPY of the rows | COPY is faster by |
|---|---|---|---|
${lines.join('\n')}
`)
}

await main().catch((error: unknown) => {
  process.stderr.write(`npm run bench:import: ${Object(error).message}\n`)
  process.exitCode = exitCodeAfter(error)
})
