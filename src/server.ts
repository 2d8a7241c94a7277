// The entry: read the settings, open what the service needs, build it, listen, and stop everything in order.
import { readFile } from 'node:fs/promises'
import closeWithGrace from 'close-with-grace'
import { destination } from 'pino'
import { buildApp } from './app.js'
import { createCleanupTasks } from './cleanup-tasks.js'
import { parseCommandLineOrExit } from './config/command-line.js'
import { parseConfig } from './config/config.js'
import { loadEnvironmentFile } from './config/environment-file.js'
import { lineOfMisspelled, misspelledSettings } from './config/misspelled.js'
import { ConfigError } from './config/reader.js'
import { type Database, openDatabase } from './database/client.js'
import { describeFailure } from './database/migration-failures.js'
import { readMigrationNames } from './database/migration-files.js'
import { migrate } from './database/migrations.js'
import { createLogger } from './http/logger.js'
import { closeSenders, createSenders } from './messaging/drivers.js'
import { twilioStatusCallback } from './messaging/receipts/sources.js'
import { scheduleCleanup } from './operations/cleanup.js'
import { Health } from './operations/health.js'

/** Milliseconds that a stop may take, and that load balancers get to notice that the replica is not ready any more. */
const stopping = { limit: 10_000, notice: { production: 1_000, development: 0, test: 0 } }

/** Bytes of the log that are written at once, and milliseconds that a line waits for more of them. */
const logging = { minLength: 8_192, periodicFlush: 100 }

const declaration = {
  script: 'start',
  summary: 'Runs the service. Settings are variables of the environment: .env.example.',
}

async function start(): Promise<void> {
  parseCommandLineOrExit(declaration, process.argv.slice(2), 'node dist/server.js')
  loadEnvironmentFile()
  const config = parseConfig(process.env)
  // Lines gather for a moment and go out together: writing each by itself took a tenth of what a request costs.
  const output = destination({ dest: 1, sync: false, ...logging })
  process.once('exit', () => output.flushSync())
  const logger = createLogger(config.logLevel, output)
  for (const misspelled of misspelledSettings(process.env)) logger.warn(lineOfMisspelled(misspelled))
  if (config.database.migrateOnBoot) {
    const { applied } = await migrate(config.database.directUrl)
    if (applied.length > 0) logger.info({ applied }, 'database migrated')
  }
  const database = openDatabase(config.database)
  await refuseSettingsOf(database)
  const health = new Health({ database, migrationNames: await readMigrationNames(), logger })
  const senders = createSenders(
    config.delivery,
    (text) => process.stdout.write(text),
    twilioStatusCallback(config.publicUrl),
  )
  const app = await buildApp({ config, database, logger, health, senders, version: await readVersion() })
  // The first query costs as much as hundreds of later ones: pay before anybody waits. An unreachable database is no reason to
  // stop: the log and the readiness probe tell, and the service recovers by itself.
  await health.readinessFault()

  await app.listen({ host: config.host, port: config.port })
  const cleanup = scheduleCleanup(
    config.cleanupCron,
    createCleanupTasks(database, config.audit.retention, config.recycleAfter),
    logger,
  )

  closeWithGrace({ delay: stopping.limit, logger: false }, async ({ signal, err }) => {
    ignoreFurtherSignals()
    if (err) logger.fatal({ err }, 'stopping after an error that nothing handled')
    else logger.info({ signal }, 'stopping')
    health.drain()
    await new Promise((resolve) => setTimeout(resolve, stopping.notice[config.mode]))
    await app.close()
    await closeSenders(senders)
    await cleanup.stop()
    await database.$disconnect()
    logger.info('stopped')
  })
}

/**
 * A database that is out of reach may come back; what its role has for settings stays until somebody mends it.
 * @throws ConfigError naming each setting, with the statement that mends it
 */
async function refuseSettingsOf(database: Database): Promise<void> {
  const report = await database.examine().catch(() => null)
  if (report === null || report.faults.length === 0) return
  throw new ConfigError(report.faults.map((fault) => `DATABASE_URL: ${fault}`))
}

/** Supervisors and terminals send the same signal more than once, and close-with-grace would take the second for "at once". */
function ignoreFurtherSignals(): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal)
    process.on(signal, () => {})
  }
}

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  return String(Reflect.get(Object(manifest), 'version'))
}

// A setting that cannot be used, a port in use, a database that cannot be migrated: a line each, no stack.
await start().catch((error: unknown) => {
  const faults =
    error instanceof ConfigError
      ? // A setting that is said to be missing may be there under a name with a typo.
        [...error.problems, ...misspelledSettings(process.env).map(lineOfMisspelled)]
      : [`The service could not start: ${describeFailure(error)}`]
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.exit(1)
})
