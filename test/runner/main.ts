// `npm test [-- FILE|FOLDER …]`: compiles sources and tests, starts a PostgreSQL server with a migrated template
// database, runs the test files in a few processes, and tells what came of each as it ends.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answerUsage, exitCodeAfter, terminal } from '../../src/config/command-line.js'
import { generateClient } from '../../src/development/generate-client.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startPostgresServer } from '../../src/development/postgres-server.js'
import { onEndRequest } from '../../src/development/signals.js'
import { dropTestDatabases, prepareTemplate, templateName } from '../support/template.js'
import { compile, compiledPath } from './compile.js'
import { startCoverage } from './coverage.js'
import { declaration, type Options, readOptions } from './options.js'
import { failureTeller, lineOf, slowestLines, summaryOf } from './output.js'
import { runFiles } from './schedule.js'
import { selectTestFiles } from './selection.js'
import { startTestProcess } from './test-process.js'

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url))
const say = (line: string) => process.stdout.write(`${line}\n`)
const tell = (line: string) => process.stderr.write(`${line}\n`)
// What the tests write is thrown away: no need to bring it safely to the disk.
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  // A run has hundreds of small databases for a minute each: it would go round them all the time.
  autovacuum: 'off',
}
// Files beyond one a processor: each waits for PostgreSQL, mail servers and clocks a quarter of its time.
const waiting = 1
// Any number that the test runs agree on: one run at a time on a server, since each drops what earlier ones left.
const runLock = 7_246_000
// Young objects get more room, as in production: a fifth of the time went into collecting them.
const program = 'test/runner/files-process.ts'
const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=64']

let endFiles: ((signal: NodeJS.Signals) => void) | undefined
let isEnding = false
onEndRequest((count, signal) => {
  isEnding = true
  endFiles?.(count === 1 ? signal : 'SIGKILL')
})

async function main(words: string[]): Promise<number> {
  const answered = answerUsage(declaration, words, terminal)
  if (answered !== null) return answered
  const options = readOptions(words)
  process.chdir(projectDirectory)
  const files = await selectTestFiles(options.paths)
  const prepared = generateClient(projectDirectory).then(() => compile(projectDirectory))
  // Awaited below; until then its failure must not count as unhandled.
  prepared.catch(() => undefined)
  const external = process.env['TEST_DATABASE_URL']
  const server = external
    ? { adminUrl: external, stop: async () => undefined }
    : await startPostgresServer({ projectDirectory, name: 'test-postgres', settings, onProgress: tell })
  try {
    await prepared
    return await runOn(server.adminUrl, files, options)
  } finally {
    await server.stop()
  }
}

function runOn(adminUrl: string, files: string[], options: Options): Promise<number> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [runLock])
    if (!rows[0]?.free) {
      tell('Waiting for another test run on this server to end')
      await client.query('SELECT pg_advisory_lock($1)', [runLock])
    }
    await prepareTemplate(adminUrl)
    try {
      return isEnding ? 130 : await run(adminUrl, files, options)
    } finally {
      await dropTestDatabases(adminUrl)
    }
  })
}

async function run(adminUrl: string, files: string[], options: Options): Promise<number> {
  const started = performance.now()
  const coverage = options.coverage ? await startCoverage(projectDirectory) : null
  const environment = {
    ...process.env,
    TEST_DATABASE_ADMIN_URL: adminUrl,
    TEST_DATABASE_TEMPLATE: templateName,
    ...(options.grep !== undefined && { TAP_GREP: options.grep }),
  }
  let done = 0
  const onFailure = failureTeller(say)
  const running = runFiles({
    files,
    jobs: options.jobs ?? availableParallelism() + waiting,
    folder: join(projectDirectory, '.tap'),
    pathOf: (file) => join(projectDirectory, compiledPath(file)),
    start() {
      return startTestProcess([...nodeFlags, compiledPath(program)], {
        environment: { ...environment, ...(coverage && { NODE_V8_COVERAGE: coverage.folder }) },
        timeout: options.timeout * 1000,
        onFailure,
      })
    },
    onEnd(outcome) {
      done += 1
      say(lineOf(outcome, done, files.length))
    },
  })
  endFiles = running.end
  const outcomes = await running.outcomes
  if (isEnding) return 130

  if (files.length > 1) say(['', 'The slowest:', ...slowestLines(outcomes), ''].join('\n'))
  const isCovered = coverage === null || (await coverage.report(say))
  // A part of the tests covers a part of the sources.
  const isAsked = coverage !== null && options.paths.length === 0
  if (isAsked && !isCovered) say('Not all of the sources ran in these tests, and they are asked to: see the table.')
  say(`${files.length} files in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  say(summaryOf(outcomes))
  return outcomes.every(({ failed }) => failed === 0) && (isCovered || !isAsked) ? 0 : 1
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    tell(`npm test: ${error.message}`)
    process.exit(exitCodeAfter(error))
  },
)
