// What a visitor loads: how much it is, and that nothing in it is forbidden by the page's policy.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { shadesOf } from '../../../packages/element/src/color.js'
import { contrast } from '../../../src/config/color.js'

const folder = 'src/generated/page'
/** Bytes, compressed: script, one language, style sheet, the solver of challenges and the account page. */
const budget = 40_000

t.test('all that somebody loads fits the budget, and the manifest lists it', async (t) => {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
  const names = (await readdir(folder)).filter((name) => /\.(js|css)$/.test(name)).sort()
  t.strictSame(manifest.files, names)
  for (const name of ['sign-in.js', 'sign-in.css', 'worker.js', ...manifest.preload]) t.ok(names.includes(name), name)
  const sizes = new Map<string, number>()
  for (const name of names) sizes.set(name, gzipSync(await readFile(join(folder, name)), { level: 9 }).length)
  const isLanguage = (name: string) => /^[a-z]{2}(-Hant)?-[A-Z0-9]{8}\.js$/.test(name)
  t.equal(names.filter(isLanguage).length, 20, 'English is within the script')
  const sum = (which: (name: string) => boolean) =>
    names.filter(which).reduce((bytes, name) => bytes + Number(sizes.get(name)), 0)
  const largest = Math.max(...names.filter(isLanguage).map((name) => Number(sizes.get(name))))
  const first = sum((name) => ['sign-in.js', 'sign-in.css', ...manifest.preload].includes(name))
  const all = sum((name) => !isLanguage(name)) + largest
  t.ok(
    all < budget,
    `${first} bytes at first, up to ${largest} of a language, ${all} with challenges and the account page`,
  )
  t.comment(`${first} bytes at first, up to ${largest} of a language, ${all} with challenges and the account page`)
})

t.test('nothing in it needs more than scripts of its own origin', async (t) => {
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

t.test('a colour is moved until it can be read, in light and in dark, and so is what stands on it', async (t) => {
  for (const color of ['#ffd000', '#000', '#ffffff', '#0b5d51', '#777', '#ff0000', '#0000ff']) {
    const shades = shadesOf(color)
    if (!shades) throw new Error(`${color} is a colour`)
    t.ok(contrast(shades.light, '#ffffff') >= 4.5, `${color} on white`)
    t.ok(contrast(shades.dark, '#1c1e21') >= 4.5, `${color} in the dark`)
    t.ok(contrast(shades['light-ink'], shades.light) >= 4.5, `on ${color}`)
    t.ok(contrast(shades['dark-ink'], shades.dark) >= 4.5, `on ${color} in the dark`)
  }
  t.equal(shadesOf('#0b5d51')?.light, '#0b5d51', 'one that can be read stays')
  for (const wrong of ['', 'red', '#12', '#12345g', '#1234567', 'url(x)']) t.equal(shadesOf(wrong), null, wrong)
})
