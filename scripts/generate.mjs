// Generates the Prisma client without a network: generating needs no schema engine, but Prisma looks for one
// and would download it. Any existing executable ends the search; it is never run.
// Does nothing where the client was generated of the same schema by the same Prisma: it takes longer than a test file.
// Then it bundles the pages (build-page.mjs), which are not kept in git either.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { buildPages } from './build-page.mjs'
import { readWords } from './parts/words.mjs'

const require = createRequire(import.meta.url)
readWords(
  'Usage: npm run generate\n\nGenerates the Prisma client, where it was not generated of this schema yet, and the page.',
)
const project = join(import.meta.dirname, '..')
const manifest = require.resolve('prisma/package.json')
const prisma = join(dirname(manifest), 'build', 'index.js')

const inputs = [join(project, 'prisma', 'schema.prisma'), join(project, 'prisma.config.ts'), manifest]
const hash = createHash('sha256')
for (const path of inputs) hash.update(readFileSync(path))
const stamp = hash.digest('hex')
const stampFile = join(project, 'src', 'generated', 'made-of.txt')
const isCurrent = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
if (!isCurrent) generateClient()
await buildPages()

function generateClient() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, 'generate', '--no-hints'], {
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
    encoding: 'utf8',
  })
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}`)
    process.exit(status ?? 1)
  }
  writeFileSync(stampFile, stamp)
}
