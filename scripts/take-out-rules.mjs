// Takes one rule after another out of the decisions in prisma/functions, and expects a test to fail each time:
// `node scripts/take-out-rules.mjs [NUMBER …]`. Coverage does not see SQL; this does. Each rule names the tests that are to notice.
// Where it is killed, `git checkout prisma/functions` puts the rule back that was out.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rules } from './parts/rules-of-functions.mjs'
import { readWords } from './parts/words.mjs'

const project = join(import.meta.dirname, '..')
const usage = `Usage: node scripts/take-out-rules.mjs [NUMBER ...]

Takes one rule after another out of the functions of the database, or those of these numbers, and expects a test to fail each time.
It writes to prisma/functions while it runs.`
const chosen = readWords(usage, { accepts: (word) => Number(word) >= 1 && Number(word) <= rules.length }).words.map(
  Number,
)
let unnoticed = 0
for (const [index, [rule, file, text, without, tests]] of rules.entries()) {
  if (chosen.length > 0 && !chosen.includes(index + 1)) continue
  const path = join(project, 'prisma', 'functions', `${file}.sql`)
  const whole = readFileSync(path, 'utf8')
  if (!whole.includes(text)) throw new Error(`${file}.sql does not hold: ${text}`)
  let output = ''
  try {
    writeFileSync(path, whole.replaceAll(text, without))
    const run = spawnSync('npm', ['test', '--', '--disable-coverage', '--timeout', '40', ...tests], {
      cwd: project,
      encoding: 'utf8',
    })
    output = /^FAIL (.*)$/m.exec(run.stdout)?.[1] ?? ''
    if (run.status !== 0 && output === '') throw new Error(`the tests could not run: ${run.stderr.trim()}`)
  } finally {
    writeFileSync(path, whole)
  }
  if (output === '') unnoticed += 1
  process.stdout.write(
    `${output === '' ? 'NOT NOTICED' : 'noticed    '} ${index + 1}. ${rule}${output && `: ${output}`}\n`,
  )
}
process.stdout.write(`${chosen.length || rules.length} rules, ${unnoticed} not noticed\n`)
process.exitCode = unnoticed > 0 ? 1 : 0
