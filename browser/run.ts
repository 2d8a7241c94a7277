// `npm run test:browser [-- FILE…] [--only WORDS]`: the files browser/*.test.ts in Chromium against the real service.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { runChecks } from './checks.js'
import { stopAll } from './support.js'

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
})
if (values.help) {
  process.stdout.write('Usage: npm run test:browser -- [--only WORDS] [FILE …]\n')
  process.exit(0)
}
const all = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts')).sort()
const files = positionals.length > 0 ? positionals.map((path) => path.replace(/^browser\//, '')) : all
const counts = { passed: 0, failed: 0 }
try {
  for (const file of files) {
    process.stdout.write(`# ${file}\n`)
    await import(pathToFileURL(join(import.meta.dirname, file)).href)
    const { passed, failed } = await runChecks(values.only)
    counts.passed += passed
    counts.failed += failed
  }
} finally {
  await stopAll()
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`)
process.exit(counts.failed > 0 ? 1 : 0)
