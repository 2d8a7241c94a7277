// renovate.json by Renovate's own schema, and by the packages that its rules are about.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import { check, skip } from './report.mjs'

/** Of the package (3 MB) the schema alone is taken: installed, it would bring hundreds of others. */
const renovate = 'renovate@44.121.2'
const folder = fileURLToPath(new URL('node_modules/.cache/', import.meta.url))

function schemaOfRenovate() {
  const file = `${folder}package/renovate-schema.json`
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    const name = execFileSync('npm', ['pack', '--silent', renovate], { cwd: folder, encoding: 'utf8' }).trim()
    execFileSync('tar', ['--extract', '--gzip', `--file=${name}`, 'package/renovate-schema.json'], { cwd: folder })
  }
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** @param {URL} root the project's folder */
export async function checkUpdates(root) {
  const read = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'))
  const settings = read('renovate.json')
  let schema
  try {
    schema = schemaOfRenovate()
  } catch (error) {
    skip(`renovate.json: ${renovate} is not to be had (${error.message.split('\n')[0]})`)
  }
  if (schema) {
    const ajv = new Ajv({ strict: false, allErrors: true })
    addFormats(ajv)
    const validate = ajv.compile(schema)
    validate(settings)
    check(
      "renovate.json is as Renovate's schema has it",
      (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`),
    )
  }

  const packages = ['', 'browser/', 'openapi/', 'site/', 'examples/', 'deploy/check/'].map((path) =>
    read(`${path}package.json`),
  )
  const used = packages.flatMap((one) => Object.entries({ ...one.dependencies, ...one.devDependencies }))
  const named = settings.packageRules
    .filter(({ matchDatasources }) => matchDatasources === undefined)
    .flatMap(({ matchPackageNames = [] }) => matchPackageNames.map((name) => name.replace(/^!/, '')))
  check(
    'each package that a rule is about is used',
    named.filter((name) => !used.some(([alias, version]) => alias === name || version.startsWith(`npm:${name}@`))),
  )
  check(
    'each version is exact',
    packages.flatMap(({ name, dependencies, devDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => !/^(npm:@?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$|^file:/.test(version))
        .map(([one, version]) => `${name}: ${one} ${version}`),
    ),
  )
}
