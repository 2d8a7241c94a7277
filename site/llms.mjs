// `node site/llms.mjs`: writes llms.txt (llmstxt.org) from the list of pages; `--check` says whether it is as it would be written.
import { readFileSync, writeFileSync } from 'node:fs'
import { readWords } from '../scripts/parts/words.mjs'

const usage = `Usage: node site/llms.mjs [--check]

Writes llms.txt from site/pages.json, or says whether it is as it would be written.`
const { values } = readWords(usage, { options: { check: { type: 'boolean' } } })

const sections = JSON.parse(readFileSync(new URL('pages.json', import.meta.url), 'utf8'))
const file = new URL('../llms.txt', import.meta.url)

const lines = sections.flatMap(({ section, pages }) => [
  `## ${section}`,
  '',
  ...pages.map(({ path, title, about }) => `- [${title}](${path}): ${about}`),
  '',
])
const text = `# Latchkey

> Signs people in without passwords: a REST API sends a one-time code by SMS or email, checks it, makes the account and keeps the session.
> Every route, body and error is in the OpenAPI document, \`openapi.json\` here and \`/openapi.json\` of a running service.

${lines.join('\n')}`

if (!values.check) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('llms.txt is not what site/pages.json says: node site/llms.mjs writes it\n')
  process.exitCode = 1
}
