// Examines a deployment: its settings, its database, and the running service: `latchkey doctor [--url https://login.example.com]
// [--outside] [--prove] [--json]`. It writes no row and sends no message, unless `--prove` is given: then it lets itself be refused by the limits.
// Exit code 1 where something failed.

import { UsageError } from '../config/command-line.js'
import { type Config, parseConfig, parseDatabaseSettings } from '../config/config.js'
import { parseUrl } from '../config/formats.js'
import { lineOfMisspelled, misspelledSettings } from '../config/misspelled.js'
import type { ConfigError } from '../config/reader.js'
import { openDatabase } from '../database/client.js'
import { describeOther } from '../database/migration-failures.js'
import { type CommandContext, defineCommand, type WorkContext } from './command.js'
import { doctor as declared } from './declarations.js'
import { announcementOf } from './doctor-announcement.js'
import { databaseFindings } from './doctor-database.js'
import { type Finding, type Findings, findingsOf, linesOf, summaryOf } from './doctor-findings.js'
import { floodFinding } from './doctor-flood.js'
import { createClient } from './doctor-http.js'
import { limitFindings } from './doctor-limits.js'
import { type ServiceUnderTest, serviceFindings } from './doctor-service.js'
import { settingsFindings } from './doctor-settings.js'
import { Traces } from './doctor-traces.js'

const found = findingsOf('settings')

type Environment = CommandContext['environment']

export const doctorCommand = defineCommand(declared, examineDeployment)

async function examineDeployment(context: WorkContext<typeof declared.options>): Promise<number> {
  const { values, environment, print, printError } = context
  const url = baseUrlOf(values.url)
  const deployment = read(environment, parseConfig)
  const { config } = deployment
  if (config && values.prove) {
    // Standard output is one document with --json.
    const tell = values.json ? printError : print
    for (const line of announcementOf(config, baseOf(config, url))) tell(line)
  }
  const findings: Finding[] = []
  const wishes = { environment, url, proves: values.prove, goesOutside: values.outside }
  for await (const finding of examine(deployment, wishes)) {
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

/** Where the service is. */
function baseOf({ publicUrl, port }: Config, url: URL | undefined): URL {
  return url ?? new URL(publicUrl ?? `http://127.0.0.1:${port}`)
}

type Wishes = Readonly<{ environment: Environment; url: URL | undefined; proves: boolean; goesOutside: boolean }>

async function* examine({ config, problems }: Readout<Config>, wishes: Wishes): Findings {
  const { environment, url, proves, goesOutside } = wishes
  const hint = 'the service does not start like this: .env.example explains each setting'
  for (const problem of problems) yield found('failed', problem, hint)
  for (const misspelled of misspelledSettings(environment)) {
    yield found('warning', lineOfMisspelled(misspelled), 'the default is in force until the name is right')
  }
  if (config) yield* settingsFindings(config)
  if (config && goesOutside) {
    // What it brings along takes as long to load as the rest.
    const { outsideFindings } = await import('./doctor-outside.js')
    yield* outsideFindings(config)
  }
  const settings = config?.database ?? read(environment, parseDatabaseSettings).config
  if (settings === undefined) return
  const database = openDatabase(settings)
  try {
    const answers = yield* databaseFindings(database, settings)
    if (config) {
      const traces = answers ? new Traces(database, config) : null
      yield* examineService({ base: baseOf(config, url), config, proves }, traces)
    }
  } finally {
    await database.$disconnect()
  }
}

async function* examineService(about: Omit<ServiceUnderTest, 'ask'>, traces: Traces | null): Findings {
  const { base } = about
  const { ask, close } = createClient(base)
  const service = { ...about, ask }
  try {
    yield* serviceFindings(service)
    yield await floodFinding(service)
    yield* limitFindings(service, traces)
  } catch (error) {
    const hint = 'is it started, and is this its address? --url names another'
    yield findingsOf('service')('failed', `${base.origin}: ${describeOther(error)}`, hint)
  } finally {
    close()
  }
}

/** Settings, or what is wrong with them. */
type Readout<Settings> = Readonly<{ config?: Settings; problems: readonly string[] }>

function read<Settings>(environment: Environment, reader: (environment: Environment) => Settings): Readout<Settings> {
  try {
    return { config: reader(environment), problems: [] }
  } catch (error) {
    return { problems: (error as ConfigError).problems }
  }
}
