// What the service needs, opened in order and ended in order: for the process of its own (server.ts) and for whoever has it inside an
// application (embed.ts).
import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { buildApp } from './app.js'
import { createCleanupTasks } from './cleanup-tasks.js'
import type { Config } from './config/config.js'
import { ConfigError } from './config/reader.js'
import type { TracingSettings } from './config/tracing-settings.js'
import { type Database, openDatabase } from './database/client.js'
import { readMigrationNames } from './database/migration-files.js'
import { migrate } from './database/migrations.js'
import { maskPersonalData } from './http/logger.js'
import { closeSenders, createSenders } from './messaging/drivers.js'
import { twilioStatusCallback } from './messaging/receipts/sources.js'
import { scheduleCleanup } from './operations/cleanup.js'
import { Health } from './operations/health.js'
import type { Services } from './services.js'
import { findTracer } from './tracing/tracer.js'

export type OpeningOptions = Readonly<{
  config: Config
  logger: Logger
  /** where the driver `console` shows codes */
  write: (text: string) => void
  /** under which the service is mounted, without a slash at its end; '' for a server of its own */
  prefix?: string
  /** whether the settings turn traces on; an application that has the service inside has an SDK of its own, or none */
  startsTracing?: boolean
}>

export type OpenService = Readonly<{
  app: FastifyInstance
  health: Health
  /** From now on the cleanup runs on its schedule. */
  startCleanup: () => void
  /** From now on events are delivered, unless another replica delivers them. */
  startEvents: () => void
  /** Answers what is under way, then ends everything. */
  close: () => Promise<void>
}>

/**
 * The service, ready to be asked. Whatever was opened is closed again where something fails.
 * @throws ConfigError where the database has settings that the service cannot work with
 */
export async function openService(options: OpeningOptions): Promise<OpenService> {
  const { config, logger, startsTracing = false } = options
  const endTracing = startsTracing && config.tracing ? await traceTo(config.tracing, logger) : async () => {}
  findTracer()
  try {
    const service = await openTraced(options)
    return {
      ...service,
      async close() {
        await service.close()
        await endTracing()
      },
    }
  } catch (error) {
    await endTracing()
    throw error
  }
}

async function traceTo(settings: TracingSettings, logger: Logger) {
  const { startTracing } = await import('./tracing/sdk.js')
  /* c8 ignore next -- the SDK warns in test/tracing/sdk.test.ts */
  const onWarning = (message: string) => logger.warn({ message: maskPersonalData(message) }, 'traces')
  return startTracing({ settings, version: await readVersion(), onWarning })
}

async function openTraced({ config, logger, write, prefix = '' }: OpeningOptions): Promise<OpenService> {
  if (config.database.migrateOnBoot) {
    const { applied } = await migrate(config.database.directUrl)
    if (applied.length > 0) logger.info({ applied }, 'database migrated')
  }
  const database = openDatabase(config.database)
  try {
    return await openOn(database, { config, logger, write, prefix })
  } catch (error) {
    await database.$disconnect()
    throw error
  }
}

async function openOn(
  database: Database,
  { config, logger, write, prefix }: Omit<Required<OpeningOptions>, 'startsTracing'>,
): Promise<OpenService> {
  await refuseSettingsOf(database)
  const health = new Health({ database, migrationNames: await readMigrationNames(), logger })
  const senders = createSenders(config.delivery, write, twilioStatusCallback(config.publicUrl, prefix))
  const version = await readVersion()
  let dispatcher!: Services['dispatcher']
  const app = await buildApp({
    ...{ config, database, logger, health, senders, version, prefix },
    onServices(services) {
      dispatcher = services.dispatcher
    },
  })
  // The first query costs as much as hundreds of later ones: pay before anybody waits. An unreachable database is no reason to
  // stop: the log and the readiness probe tell, and the service recovers by itself.
  await health.readinessFault()
  let cleanup: ReturnType<typeof scheduleCleanup> | undefined

  return {
    app,
    health,
    startCleanup() {
      const tasks = createCleanupTasks(database, config.audit.retention, config.recycleAfter, config.events.retention)
      cleanup ??= scheduleCleanup(config.cleanupCron, tasks, logger)
    },
    startEvents: () => dispatcher.start(),
    async close() {
      await app.close()
      await closeSenders(senders)
      await cleanup?.stop()
      await database.$disconnect()
    },
  }
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

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  return String(Reflect.get(Object(manifest), 'version'))
}
