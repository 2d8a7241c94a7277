// What SECURITY.md and docs/security.md name as proof exists, and the sources keep out what no single test would notice.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { groups } from '../attack/groups.js'
import { projectDirectory as root } from './support/project.js'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const documents = ['SECURITY.md', 'docs/security.md']

t.test('every file and every attack that the documents name is there', async (t) => {
  const attacks = new Set(groups.flatMap((group) => group.attacks.map(({ id }) => id)))
  for (const document of documents) {
    const quoted = [...read(document).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)
    const paths = quoted.filter((text) => /^(test|attack|src|docs|deploy|prisma)\//.test(text))
    t.strictSame(
      paths.filter((path) => !existsSync(join(root, path))),
      [],
      `files in ${document}`,
    )
    const links = [...read(document).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => link)
    t.strictSame(
      links.filter((link) => !/^https?:/.test(link) && !existsSync(join(root, document, '..', link))),
      [],
      `links in ${document}`,
    )
    const ids = quoted.filter((text) => /^[A-Z]\d{1,2}[a-z]?$/.test(text))
    t.strictSame(
      ids.filter((id) => !attacks.has(id)),
      [],
      `attacks in ${document}`,
    )
  }
})

t.test('every attack of the catalogue stands in the tables', async (t) => {
  const text = read('docs/security.md')
  const ids = groups.flatMap((group) => group.attacks.map(({ id }) => id))
  t.strictSame(
    ids.filter((id) => !text.includes(`\`${id}\``)),
    [],
  )
})

t.test('every rule that can be taken out of a function is in it, and its tests are there', async (t) => {
  const { rules } = (await import(pathToFileURL(join(root, 'scripts', 'parts', 'rules-of-functions.mjs')).href)) as {
    rules: [rule: string, file: string, text: string, without: string, tests: string[]][]
  }
  const stale = rules.filter(([, file, text]) => !read(`prisma/functions/${file}.sql`).includes(text))
  t.strictSame(
    stale.map(([rule]) => rule),
    [],
  )
  const tests = rules.flatMap(([, , , , paths]) => paths)
  t.ok(tests.length > 100)
  t.strictSame(
    tests.filter((path) => !existsSync(join(root, path))),
    [],
  )
})

t.test('no secret is made by Math.random, and no SQL is made of text', async (t) => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !/^(generated|development)\b/.test(path),
  )
  const holding = (words: RegExp) => sources.filter((path) => words.test(read(join('src', path))))
  // Which shard counts is no secret, nor how long a pause is.
  t.strictSame(holding(/Math\.random/), [join('events', 'times.ts'), join('limits', 'counters.ts')])
  t.strictSame(holding(/RawUnsafe|Prisma\.raw\b/), [])
})
