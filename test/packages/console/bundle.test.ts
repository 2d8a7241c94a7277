// What an admin loads: how much it is, and that nothing in it is forbidden by the page's policy.
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'

const folder = 'src/generated/console'
/** Bytes, compressed: scripts of both the sign-in and the console, one language of each, the solver of challenges, and passkeys. */
const budget = 55_000

t.test('all that an admin loads fits the budget, and the manifest lists it', async (t) => {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
  const names = (await readdir(folder)).filter((name) => /\.(js|css)$/.test(name)).sort()
  t.strictSame(manifest.files, names)
  for (const name of ['admin.js', 'admin.css', 'worker.js', ...manifest.preload]) t.ok(names.includes(name), name)
  const sizes = new Map<string, number>()
  for (const name of names) sizes.set(name, gzipSync(await readFile(join(folder, name)), { level: 9 }).length)
  const isLanguage = (name: string) => /^[a-z]{2}(-Hant)?-[A-Z0-9]{8}\.js$/.test(name)
  t.equal(names.filter(isLanguage).length, 40, 'English is within the scripts')
  const sum = (which: (name: string) => boolean) =>
    names.filter(which).reduce((bytes, name) => bytes + Number(sizes.get(name)), 0)
  const ofLanguages = new Map<string, number>()
  for (const name of names.filter(isLanguage)) {
    const language = name.replace(/-[A-Z0-9]{8}\.js$/, '')
    ofLanguages.set(language, (ofLanguages.get(language) ?? 0) + Number(sizes.get(name)))
  }
  const largest = Math.max(...ofLanguages.values())
  const first = sum((name) => ['admin.js', 'admin.css', ...manifest.preload].includes(name))
  const all = sum((name) => !isLanguage(name)) + largest
  const line = `${first} bytes at first, up to ${largest} of a language, ${all} in all`
  t.ok(all < budget, line)
  t.comment(line)
})

t.test('nothing in it needs more than scripts of its own origin, or makes HTML of a text', async (t) => {
  for (const name of (await readdir(folder)).filter((each) => /\.(js|css)$/.test(each))) {
    const text = await readFile(join(folder, name), 'utf8')
    t.notMatch(text, /\beval\(|new Function\(|innerHTML|insertAdjacentHTML|document\.write|setAttribute\("style"/, name)
    const urls = [...text.matchAll(/https?:\/\/[^"'`\s)]+/g)]
      .map(String)
      // The namespace of drawings, and where SimpleWebAuthn's warnings to developers lead: neither is ever fetched.
      .filter((url) => !/w3\.org\/2000\/svg|simplewebauthn\.dev\/docs/.test(url))
    t.strictSame(urls, [], name)
  }
})

t.test('it is made of the element, the client and itself, and no one else is made of it', async (t) => {
  const importsOf = async (path: string) =>
    [...(await readFile(path, 'utf8')).matchAll(/(?:\bfrom |\bimport\()'([^']+)'/g)].map(([, name = '']) => name)
  const under = async (path: string) =>
    (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.ts')).map((name) => join(path, name))
  for (const path of await under('packages/console/src')) {
    const places = (await importsOf(path)).map((name) => join(dirname(path), name))
    t.strictSame(
      places.filter((place) => !/^packages\/(console|element)\/src\//.test(place)),
      [],
      path,
    )
  }
  for (const path of [...(await under('packages/element/src')), ...(await under('packages/client/src'))])
    t.notOk(
      (await importsOf(path)).some((name) => name.includes('console')),
      path,
    )
})
