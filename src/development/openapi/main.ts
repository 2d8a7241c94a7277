// `npm run openapi` writes openapi.json from the routes; with `--check` it compares, and ends with 1 where they differ.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseCommandLineOrExit, terminal } from '../../config/command-line.js'
import { describeService, textOf } from './document.js'

const { values } = parseCommandLineOrExit(
  {
    program: 'npm run openapi --',
    summary: 'Writes openapi.json from the routes. Needs no database.',
    options: { check: { type: 'boolean', description: 'writes nothing, and ends with 1 where it would be another' } },
  },
  process.argv.slice(2),
)
const file = fileURLToPath(new URL('../../../openapi.json', import.meta.url))
const text = textOf(await describeService())

if (!values.check) {
  await writeFile(file, text)
  terminal.print(`openapi.json is written: ${Buffer.byteLength(text)} bytes`)
} else if ((await readFile(file, 'utf8').catch(() => '')) === text) {
  terminal.print('openapi.json is as the routes say')
} else {
  terminal.printError('openapi.json is not as the routes say: npm run openapi writes it')
  process.exitCode = 1
}
