// `node deploy/check/run.mjs`: the files by which others run, release and update the service, by schemas, linters, and by one another.
// What it needs is installed beside it: `npm ci --prefix deploy/check`.
import { readdirSync, readFileSync } from 'node:fs'
import { checkCompose } from './compose.mjs'
import { finish } from './report.mjs'
import { checkUnits } from './systemd.mjs'
import { checkUpdates } from './updates.mjs'
import { checkWorkflows } from './workflows.mjs'

const root = new URL('../../', import.meta.url)

/** Names of settings, as the documents' own table has them. */
const settings = new Set(
  [...readFileSync(new URL('docs/settings.md', root), 'utf8').matchAll(/^\| `([A-Z][A-Z\d_]+)`/gm)].map(
    ([, name]) => name,
  ),
)

checkCompose(root, settings)
checkUnits(root, settings)
await checkWorkflows(root, readdirSync(new URL('.github/workflows/', root)))
await checkUpdates(root)
finish()
