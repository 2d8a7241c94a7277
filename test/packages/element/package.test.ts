// The package as it is published: a bundle that needs no other package, with its worker, its languages and its types.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const folder = 'packages/element'

t.test('it packs by itself, and its files are there', async (t) => {
  const { stdout } = await run('npm', ['pack', '--json', '--dry-run'], { cwd: folder })
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ files: { path: string }[] }]
  const files = packed.files.map(({ path }) => path)
  for (const path of ['LICENSE', 'README.md', 'package.json', 'index.d.ts', 'dist/index.js', 'dist/worker.js']) {
    t.ok(files.includes(path), path)
  }
  t.strictSame(
    files.filter((path) => !/^(dist\/[\w-]+\.js|index\.d\.ts|LICENSE|README\.md|package\.json)$/.test(path)),
    [],
  )
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  t.notOk('dependencies' in manifest)
  const index = await readFile(join(folder, 'dist/index.js'), 'utf8')
  const imported = [...index.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, path]) => String(path))
  for (const path of imported) t.ok(files.includes(join('dist', path)), path)
  t.match(index, 'latchkey-sign-in')
})

t.test('a server that renders a page may import it, and gets no element', async (t) => {
  const imported = await run(process.execPath, ['--input-type=module', '--eval', `import './${folder}/dist/index.js'`])
  t.strictSame(imported, { stdout: '', stderr: '' })
})

t.test('its types compile strictly, without those of Node.js', async (t) => {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')), 'bin/tsc')
  const words = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom',
    '--types',
    '',
    '--skipLibCheck',
    'false',
  ]
  const failed = await run(process.execPath, [compiler, ...words, '--ignoreConfig', join(folder, 'index.d.ts')]).catch(
    (error) => error.stdout,
  )
  t.equal(typeof failed === 'string' ? failed : '', '')
})
