// Whether the service would start by what a rendered pod gives it: the settings are read by the service's own code.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { parseConfig, parseDatabaseSettings, parseMaintenanceSettings } from '../../src/config/config.ts'
import { misspelledSettings } from '../../src/config/misspelled.ts'
import { settingNames } from '../../src/config/table/table.ts'
import { podOf } from './relations.mjs'
import { environmentOf } from './secrets.mjs'

const project = join(import.meta.dirname, '../..')
const readers = {
  server: parseConfig,
  migrate: parseDatabaseSettings,
  role: parseDatabaseSettings,
  cleanup: parseMaintenanceSettings,
}
const names = new Set(settingNames.flatMap((name) => [name, `${name}_FILE`]))

/**
 * @param folder an empty one, for the files of Secrets
 * @returns a line for each thing that is wrong
 */
export async function faultsOfSettings(objects, folder) {
  const faults = objects
    .filter(({ kind }) => kind === 'ConfigMap')
    .flatMap(({ data }) => Object.keys(data).filter((name) => !names.has(name)))
    .map((name) => `${name} of the ConfigMap is no setting`)
  for (const { spec } of objects.map(podOf).filter(Boolean)) {
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const { environment, files, faults: missing } = environmentOf(container, spec, objects)
      faults.push(...missing, ...(await faultsOfCommand(container)))
      for (const [path, text = ''] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true })
        await writeFile(join(folder, path), text)
      }
      const here = Object.entries(environment).map(([name, value]) => [
        name,
        name.endsWith('_FILE') && names.has(name) ? join(folder, value) : value,
      ])
      faults.push(...misspelledSettings(environment).map(({ name }) => `${container.name}: ${name} is misspelled`))
      faults.push(...faultsOfReading(readers[container.name], Object.fromEntries(here), container.name))
    }
  }
  return faults
}

function faultsOfReading(read, environment, name) {
  try {
    read(environment)
    return []
  } catch (error) {
    return error.message.split('\n').map((line) => `${name}: ${line}`)
  }
}

const known = new Map()

/** Without a command, a container runs what the image says; another one is a bin of the package, which the image has on its PATH. */
async function faultsOfCommand({ command }) {
  if (command === undefined) return []
  const line = command.join(' ')
  if (!known.has(line)) known.set(line, await runHelp(command))
  return known.get(line) ? [] : [`the image has no ${line}`]
}

/** Asks for help, which does nothing else. */
async function runHelp([program, ...words]) {
  const { bin = {} } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  const source = join(project, (bin[program] ?? 'none').replace(/^(\.\/)?dist\/(.*)\.js$/, 'src/$2.ts'))
  if (!existsSync(source)) return false
  const typed = ['--import', 'tsx', source, ...words, '--help']
  return promisify(execFile)(process.execPath, typed, { cwd: project }).then(
    () => true,
    () => false,
  )
}
