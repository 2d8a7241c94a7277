// Bundles the pages: src/generated/page/ with sign-in.js, sign-in.css, worker.js, a file for each language, and manifest.json, which
// lists them, and which of them sign-in.js imports at once (modulepreload); the console for admins in src/generated/console/ alike.
// Chunks have a hash in their names; what a page names itself has none.
// Does nothing where a folder was made of the same files, those of src/ among them, by the same esbuild.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, transform, version } from 'esbuild'
import { readWords } from './parts/words.mjs'

const project = join(import.meta.dirname, '..')
const element = join(project, 'packages', 'element', 'src')
const client = join(project, 'packages', 'client', 'src')
const admin = join(project, 'packages', 'console', 'src')
export const pageFolder = join(project, 'src', 'generated', 'page')

/** Every page: where its bundle goes, what it is made of, and what its first file is called. */
const pages = [
  { folder: pageFolder, entry: join(element, 'page.ts'), styles: join(element, 'page.css'), name: 'sign-in' },
  {
    folder: join(project, 'src', 'generated', 'console'),
    entry: join(admin, 'page.ts'),
    styles: join(admin, 'page.css'),
    name: 'admin',
  },
]

/** Style sheets that a module imports are texts, as short as those of a page. */
const styleTexts = {
  name: 'style-texts',
  setup(context) {
    context.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), {
        loader: 'css',
        minify: true,
        target: common.target,
      })
      return { contents: `export const css = ${JSON.stringify(code.trim())}`, loader: 'js' }
    })
  },
}

/** What all bundles of the element have in common. The target is the first that has constructable style sheets everywhere. */
const common = {
  bundle: true,
  format: 'esm',
  target: ['chrome97', 'firefox115', 'safari16.4'],
  minify: true,
  splitting: true,
  legalComments: 'none',
  chunkNames: '[name]-[hash]',
  charset: 'utf8',
  write: false,
  logLevel: 'error',
  metafile: true,
  absWorkingDir: project,
}

/**
 * Bundles, and answers the files by their names, with those that the first one cannot do without, and what they were made of.
 * @param {string} entry the path of its first file
 * @param {string} name of the bundle's first file
 * @returns {Promise<{ files: Map<string, Uint8Array>, preload: string[], inputs: string[] }>} inputs: from the project's folder
 */
export async function bundle(entry, name) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { [name]: entry, worker: join(client, 'worker.ts') },
    outdir: '/out',
    plugins: [styleTexts],
  })
  const nameOf = (path) => path.replace(/^.*[\\/]/, '')
  const [, first] = Object.entries(metafile.outputs).find(([path]) => nameOf(path) === `${name}.js`)
  const preload = first.imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => nameOf(path))
  const files = new Map(outputFiles.map(({ path, contents }) => [nameOf(path), contents]))
  return { files, preload, inputs: Object.keys(metafile.inputs) }
}

/** Makes the folders of the pages, unless they are as they should be. */
export async function buildPages() {
  for (const page of pages) await buildPage(page)
}

async function buildPage({ folder, entry, styles: sheet, name }) {
  const stampFile = join(folder, 'made-of.json')
  if (isMadeOf(stampFile)) return
  const { files, preload, inputs } = await bundle(entry, name)
  const styles = await build({ ...common, splitting: false, entryPoints: [sheet], outdir: '/out' })
  files.set(`${name}.css`, styles.outputFiles[0].contents)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [each, contents] of files) writeFileSync(join(folder, each), contents)
  writeFileSync(
    join(folder, 'manifest.json'),
    `${JSON.stringify({ files: [...files.keys()].sort(), preload }, null, 2)}\n`,
  )
  const all = [...inputs, ...Object.keys(styles.metafile.inputs)].sort()
  writeFileSync(stampFile, JSON.stringify({ inputs: all, digest: digestOf(all) }))
}

/** Whether the files that the folder was made of are as they were: a new one is imported by one of these. */
function isMadeOf(stampFile) {
  if (!existsSync(stampFile)) return false
  const { inputs, digest } = JSON.parse(readFileSync(stampFile, 'utf8'))
  return inputs.every((path) => existsSync(join(project, path))) && digestOf(inputs) === digest
}

function digestOf(paths) {
  const hash = createHash('sha256')
    .update(version)
    .update(readFileSync(import.meta.filename))
  for (const path of paths) hash.update(path).update(readFileSync(join(project, path)))
  return hash.digest('hex')
}

/** Where a package of the project is built for npm: packages/element/dist. */
export async function buildPackage() {
  const folder = join(dirname(element), 'dist')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const { files } = await bundle(join(element, 'index.ts'), 'index')
  for (const [name, contents] of files) writeFileSync(join(folder, name), contents)
}

/** What each file weighs, compressed, the heaviest first. */
async function tellSizes() {
  for (const { entry, name } of pages) {
    const { files } = await bundle(entry, name)
    const sizes = [...files].map(([each, contents]) => [gzipSync(contents, { level: 9 }).length, each])
    for (const [size, each] of sizes.sort(([one], [other]) => other - one))
      process.stdout.write(`${String(size).padStart(6)} ${name}/${each}\n`)
  }
}

if (process.argv[1] === import.meta.filename) {
  const usage = `Usage: node scripts/build-page.mjs [--package|--sizes]

Bundles the pages into src/generated/page and src/generated/console; the package @latchkey/element instead; or prints how large its files are.`
  const { values } = readWords(usage, { options: { package: { type: 'boolean' }, sizes: { type: 'boolean' } } })
  const work = values.sizes ? tellSizes : buildPages
  await (values.package ? buildPackage : work)()
}
