// Examines a deployment: its settings, its database, and the running service, whose limits it proves by being refused:
// `npm run doctor [-- --url https://login.example.com] [--json]`. Exit code 1 where something failed.

import { UsageError } from '../config/command-line.js'
import { type Config, readConfig, readDatabaseSettings } from '../config/config.js'
import type { ConfigError } from '../config/reader.js'
import { parseUrl } from '../config/urls.js'
import { openDatabase } from '../database/client.js'
import { describeFailure } from '../database/migration-failures.js'
import { type CommandContext, defineCommand, runIfMain, type WorkContext } from './command.js'
import { databaseFindings } from './doctor-database.js'
import { type Finding, type Findings, findingsOf, linesOf, summaryOf } from './doctor-findings.js'
import { floodFinding } from './doctor-flood.js'
import { createClient } from './doctor-http.js'
import { limitFindings } from './doctor-limits.js'
import { serviceFindings } from './doctor-service.js'
import { settingsFindings } from './doctor-settings.js'
import { createTraces, type Traces } from './doctor-traces.js'

const found = findingsOf('settings')

type Environment = CommandContext['environment']

const options = {
  url: { type: 'string', value: 'URL', description: 'where the service is (PUBLIC_URL, or this machine)' },
  json: { type: 'boolean', description: 'prints one document: {ok, findings}' },
} as const

export const doctorCommand = defineCommand(
  { script: 'doctor', summary: 'Examines settings, database and the running service.', options },
  examineDeployment,
)

async function examineDeployment({ values, environment, print }: WorkContext<typeof options>): Promise<number> {
  const url = baseUrlOf(values.url)
  const findings: Finding[] = []
  for await (const finding of examine(environment, url)) {
    findings.push(finding)
    if (!values.json) for (const line of linesOf(finding)) print(line)
  }
  const isWell = findings.every(({ state }) => state !== 'failed')
  print(values.json ? JSON.stringify({ ok: isWell, findings }, null, 2) : summaryOf(findings))
  return isWell ? 0 : 1
}

/** @throws UsageError unless it is one that the service can have */
function baseUrlOf(text: string | undefined): URL | undefined {
  const url = text === undefined ? undefined : parseUrl(text)
  if (url === null || (url && !/^https?:$/.test(url.protocol)))
    throw new UsageError('--url must be an http or https URL')
  return url
}

async function* examine(environment: Environment, url: URL | undefined): Findings {
  const { config, problems } = read(environment, readConfig)
  const hint = 'the service does not start like this: .env.example explains each setting'
  for (const problem of problems) yield found('failed', problem, hint)
  if (config) yield* settingsFindings(config)
  const settings = config?.database ?? read(environment, readDatabaseSettings).config
  if (settings === undefined) return
  const database = openDatabase(settings)
  try {
    const answers = yield* databaseFindings(database, settings)
    if (config) yield* examineService(config, url, answers ? createTraces(database, config) : null)
  } finally {
    await database.$disconnect()
  }
}

async function* examineService(config: Config, url: URL | undefined, traces: Traces | null): Findings {
  const base = url ?? new URL(config.publicUrl ?? `http://127.0.0.1:${config.port}`)
  const { ask, close } = createClient(base)
  try {
    yield* serviceFindings({ base, ask, config })
    yield await floodFinding({ base, ask, config })
    yield* limitFindings({ base, ask, config }, traces)
  } catch (error) {
    const hint = 'is it started, and is this its address? --url names another'
    yield findingsOf('service')('failed', `${base.origin}: ${describeFailure(error)}`, hint)
  } finally {
    close()
  }
}

/** Settings, or what is wrong with them. */
function read<Settings>(environment: Environment, reader: (environment: Environment) => Settings) {
  try {
    return { config: reader(environment), problems: [] }
  } catch (error) {
    return { config: undefined, problems: (error as ConfigError).problems }
  }
}

await runIfMain(import.meta.url, doctorCommand)
