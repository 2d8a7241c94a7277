// The entry: read the settings, open the service, listen, and stop everything in order. `node dist/server.js` does it, and `latchkey start`.
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import closeWithGrace from 'close-with-grace'
import { parseCommandLineOrExit } from './config/command-line.js'
import { parseConfig } from './config/config.js'
import { loadEnvironmentFile } from './config/environment-file.js'
import { lineOfMisspelled, misspelledSettings } from './config/misspelled.js'
import { ConfigError } from './config/reader.js'
import { describeFailure } from './database/migration-failures.js'
import { createLogger } from './http/logger.js'
import { openLogOutput } from './log-output.js'
import { openService } from './opening.js'
import { ignoreFurtherSignals, stop, stopOptions } from './stopping.js'

/** Milliseconds that load balancers get to notice that the replica is not ready any more. */
const notice = { production: 1_000, development: 0, test: 0 }

const declaration = {
  program: 'node dist/server.js',
  summary: 'Runs the service. Settings are variables of the environment: .env.example.',
}

async function start(): Promise<void> {
  loadEnvironmentFile()
  const config = parseConfig(process.env)
  const output = openLogOutput(1, (line) => process.stderr.write(`${line}\n`))
  process.once('exit', () => output.flushSync())
  const logger = createLogger(config.logLevel, output, config.tracing !== null)
  for (const misspelled of misspelledSettings(process.env)) logger.warn(lineOfMisspelled(misspelled))
  const service = await openService({
    config,
    logger,
    write: (text) => process.stdout.write(text),
    startsTracing: true,
  })
  await service.app.listen({ host: config.host, port: config.port })
  service.startCleanup()
  service.startEvents()

  closeWithGrace(stopOptions(logger), ({ signal, err }) => {
    ignoreFurtherSignals()
    return stop({ service, logger, notice: notice[config.mode], signal, error: err })
  })
}

/**
 * Runs the service until a signal ends it. A setting that cannot be used, a port in use, a database that cannot be migrated ends the
 * process: a line each, no stack.
 */
export async function startService(): Promise<void> {
  await start().catch((error: unknown) => {
    const faults =
      error instanceof ConfigError
        ? // A setting that is said to be missing may be there under a name with a typo.
          [...error.problems, ...misspelledSettings(process.env).map(lineOfMisspelled)]
        : [`The service could not start: ${describeFailure(error)}`]
    for (const fault of faults) process.stderr.write(`${fault}\n`)
    process.exit(1)
  })
}

if (realpathSync(String(process.argv[1])) === fileURLToPath(import.meta.url)) {
  parseCommandLineOrExit(declaration, process.argv.slice(2))
  await startService()
}
