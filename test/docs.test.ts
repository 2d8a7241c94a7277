// What documents say of each other: links lead somewhere, the list of the site has every page, llms.txt is made of it.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { projectUrl } from './support/project.js'

const root = fileURLToPath(projectUrl)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** What has documents, without what is installed or built there. */
const folders = ['docs', 'deploy', 'examples', 'packages', 'attack', 'bench', 'openapi', 'browser']
const left = /(?:^|\/)(?:node_modules|dist)(?:\/|$)/

const documents = [
  ...readdirSync(root),
  ...folders.filter((folder) => existsSync(join(root, folder))).flatMap((folder) => documentsIn(folder)),
].filter((path) => path.endsWith('.md'))

/** Files below a folder; node_modules is not walked through. */
function documentsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (left.test(path)) return []
    return entry.isDirectory() ? documentsIn(path) : [path]
  })
}

t.test('every link within the repository leads to something', async (t) => {
  t.ok(documents.length > 40, `${documents.length} documents`)
  for (const path of documents) {
    const prose = read(path).replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, href = '']) => href)
      .filter((href) => !/^(?:[a-z]+:|#|\/)/.test(href))
      .filter((href) => !existsSync(join(root, normalize(join(dirname(path), href.replace(/#.*/, ''))))))
    t.strictSame(broken, [], path)
  }
})

/** As GitHub names the headings of a document, and VitePress those that are linked to. */
function anchorsOf(path: string): string[] {
  const prose = read(path).replace(/```[\s\S]*?```/g, '')
  return [...prose.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

t.test('every link to a heading leads to one', async (t) => {
  let count = 0
  for (const path of documents) {
    const prose = read(path).replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
    for (const [, file = '', anchor = ''] of prose.matchAll(/\]\((?![a-z]+:)([^)\s#]*)#([^)\s]+)\)/g)) {
      const target = file === '' ? path : normalize(join(dirname(path), file))
      if (!target.endsWith('.md')) continue
      count += 1
      if (!anchorsOf(target).includes(anchor)) t.fail(`${path}: ${file}#${anchor}`)
    }
  }
  t.ok(count > 20, `${count} links`)
})

t.test('docs/contract.md names every setting', async (t) => {
  const contract = read('docs/contract.md')
  const names = [...read('.env.example').matchAll(/^# ([A-Z][A-Z\d_]+)=/gm)].map(([, name = '']) => name)
  // Of compose.yaml, not of the service.
  const settings = names.filter((name) => !['DATABASE_URL_SECRET', 'UPSTREAMS'].includes(name))
  t.ok(settings.length > 80, `${settings.length} settings`)
  t.strictSame(
    settings.filter((name) => !new RegExp(`\`${name}[\`=]`).test(contract)),
    [],
  )
})

t.test('docs/commands.md tells of every script', async (t) => {
  const { scripts } = JSON.parse(read('package.json'))
  const told = [...read('docs/commands.md').matchAll(/`(?:npm (?:run )?)?([a-z:-]+)/g)].map(([, name]) => name)
  t.strictSame(
    Object.keys(scripts).filter((name) => !told.includes(name)),
    [],
  )
})

t.test('the site has every page, and no other', async (t) => {
  const sections: { pages: { path: string }[] }[] = JSON.parse(read('site/pages.json'))
  const listed = sections.flatMap(({ pages }) => pages.map(({ path }) => path))
  const pages = documents.filter((path) => path.startsWith('docs/') && !path.startsWith('docs/decisions/'))
  t.strictSame(
    pages.filter((path) => !listed.includes(path)),
    [],
    'site/pages.json lists them',
  )
  t.strictSame(
    listed.filter((path) => !documents.includes(path)),
    [],
    'and nothing that is not there',
  )
})

t.test('llms.txt is made of that list', async (t) => {
  t.equal(execFileSync(process.execPath, ['site/llms.mjs', '--check'], { cwd: root, encoding: 'utf8' }), '')
})
