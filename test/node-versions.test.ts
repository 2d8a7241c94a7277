// The versions of Node.js that the tests can run on: one list, which the image follows.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'

const versions: Record<string, string> = JSON.parse(readFileSync('scripts/node-versions.json', 'utf8'))

t.test('exact versions, one of each line', async (t) => {
  t.strictSame(Object.keys(versions), ['22', '24', '26'])
  for (const [line, version] of Object.entries(versions)) t.match(version, new RegExp(`^${line}\\.\\d+\\.\\d+$`))
})

t.test('the image is built on the version of the list', async (t) => {
  const bases = [...readFileSync('Dockerfile', 'utf8').matchAll(/^FROM (node:\S+)/gm)].map(([, base]) => base)
  t.strictSame(bases, [`node:${versions['24']}-bookworm-slim`])
})

t.test('what the tool takes', async (t) => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, ['scripts/on-node.mjs', ...words], { encoding: 'utf8' })
  t.match(run('--help'), { status: 0, stdout: /^Usage: node scripts\/on-node\.mjs 22\|24\|26 -- COMMAND/, stderr: '' })
  for (const words of [
    [],
    ['24'],
    ['24', '--'],
    ['24', 'npm', 'test'],
    ['23', '--', 'node'],
    ['constructor', '--', 'node'],
  ]) {
    t.match(run(...words), { status: 2, stdout: '', stderr: /^Usage: / }, words.join(' '))
  }
})
