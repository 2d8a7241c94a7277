// `npm run settings` writes .env.example, docs/settings.md and the schema of the chart's values from the table of settings; with
// `--check` it compares, and ends with 1 where they differ.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseCommandLineOrExit, terminal } from '../../config/command-line.js'
import { settingsFiles } from './files.js'

const { values } = parseCommandLineOrExit(
  {
    program: 'npm run settings --',
    summary: 'Writes what is made of the table of settings. Needs no database.',
    options: { check: { type: 'boolean', description: 'writes nothing, and ends with 1 where it would be another' } },
  },
  process.argv.slice(2),
)

for (const [path, text] of Object.entries(settingsFiles())) {
  const file = fileURLToPath(new URL(`../../../${path}`, import.meta.url))
  if (!values.check) {
    await writeFile(file, text)
    terminal.print(`${path} is written`)
  } else if ((await readFile(file, 'utf8').catch(() => '')) === text) {
    terminal.print(`${path} is as the table says`)
  } else {
    terminal.printError(`${path} is not as the table says: npm run settings writes it`)
    process.exitCode = 1
  }
}
