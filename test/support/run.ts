// `npm test [-- arguments of tap]`: a PostgreSQL server and a migrated template database for the tests, then tap.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateClient } from '../../src/development/generate-client.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startPostgresServer } from '../../src/development/postgres-server.js'
import { exitCodeOf, signalGroup } from '../../src/development/processes.js'
import { onEndRequest } from '../../src/development/signals.js'
import { prepareTemplate, templateName } from './template.js'

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url))
const report = join(projectDirectory, '.tap', 'report.tap')
const tell = (line: string) => process.stderr.write(`${line}\n`)
// What the tests write is thrown away: no need to bring it safely to the disk.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' }
// Any number that the test runs agree on: one run at a time on a server, since each drops what earlier ones left.
const runLock = 7_246_000

let tap: ChildProcess | undefined
let isEnding = false
onEndRequest((count, signal) => {
  isEnding = true
  // All of the group: tap itself would wait for the tests that run.
  if (tap) signalGroup(tap, count === 1 ? signal : 'SIGKILL')
})

async function main(args: string[]): Promise<number> {
  await generateClient(projectDirectory)
  const external = process.env['TEST_DATABASE_URL']
  if (external) return runOn(external, args)
  const server = await startPostgresServer({ projectDirectory, name: 'test-postgres', settings, onProgress: tell })
  try {
    return await runOn(server.adminUrl, args)
  } finally {
    await server.stop()
  }
}

function runOn(adminUrl: string, args: string[]): Promise<number> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [runLock])
    if (!rows[0]?.free) {
      tell('Waiting for another test run on this server to end')
      await client.query('SELECT pg_advisory_lock($1)', [runLock])
    }
    await prepareTemplate(adminUrl)
    return isEnding ? 130 : runTap(adminUrl, args)
  })
}

async function runTap(adminUrl: string, args: string[]): Promise<number> {
  await mkdir(join(projectDirectory, '.tap'), { recursive: true })
  await rm(report, { force: true })
  // tap's own choice for pipes is raw TAP, printed twice when it writes a report as well (21.8).
  const isChosen = args.some((arg) => arg.startsWith('-R') || arg.startsWith('--reporter'))
  const reporter = isChosen || process.stdout.isTTY ? [] : ['--reporter=min']
  tap = spawn(process.execPath, [tapProgram(), `--output-file=${report}`, ...reporter, ...args], {
    cwd: projectDirectory,
    env: { ...process.env, TEST_DATABASE_ADMIN_URL: adminUrl, TEST_DATABASE_TEMPLATE: templateName },
    stdio: ['ignore', 'inherit', 'inherit'],
    // A process group of its own, which Ctrl-C in the terminal does not reach: it is passed on above.
    detached: true,
  })
  const code = await exitCodeOf(tap)
  if (code !== 0) tell(`The full report of this run: ${relative(process.cwd(), report)}`)
  process.stdout.write(`${summaryOf(await readFile(report, 'utf8').catch(() => ''))}\n`)
  return code
}

function tapProgram(): string {
  const library = fileURLToPath(import.meta.resolve('tap'))
  return join(dirname(library), 'run.mjs')
}

// tap's report ends with its own count of single checks: `# { total: 15, pass: 6, fail: 5, todo: 2, skip: 2 }`.
function summaryOf(report: string): string {
  const counts = report.match(/^# \{ total: .*\}$/m)?.[0]
  if (counts === undefined) return 'The tests did not finish.'
  const count = (name: string) => Number(counts.match(new RegExp(`${name}: (\\d+)`))?.[1] ?? 0)
  const skipped = count('skip') > 0 ? `, ${count('skip')} skipped` : ''
  return `${count('pass')} passed, ${count('fail')} failed${skipped}`
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    tell(`npm test: ${error.message}`)
    process.exit(1)
  },
)
