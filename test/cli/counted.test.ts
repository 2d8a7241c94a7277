// What is counted is told in its number: nobody reads of "1 deliveries".
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { counted } from '../../src/cli/counted.js'
import { projectDirectory } from '../support/project.js'

t.test('a count with its word', async (t) => {
  t.equal(counted(0, 'row'), '0 rows')
  t.equal(counted(1, 'row'), '1 row')
  t.equal(counted(1_000_000, 'delivery', 'deliveries'), '1,000,000 deliveries')
})

/** Words in -s that are no plurals. */
const verbs = ['answers', 'counts', 'has', 'is', 'ms', 'opens', 'takes', 'was']

t.test('no command writes a plural of its own behind a count', async (t) => {
  const folder = join(projectDirectory, 'src', 'cli')
  for (const name of readdirSync(folder)) {
    const source = readFileSync(join(folder, name), 'utf8')
    const plurals = [...source.matchAll(/`[^`\n]*`/g)]
      .flatMap(([template]) => [...template.matchAll(/\} ([a-z]+s)\b/g)])
      .map(([, word]) => String(word))
    t.strictSame(
      plurals.filter((word) => !verbs.includes(word)),
      [],
      name,
    )
  }
})
