// Completion by the shells themselves, those that are here: words and options that there are, and no others.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commands } from '../../src/cli/commands.js'
import { groups, namesBelow } from '../../src/cli/tree.js'
import { runCommand } from '../support/command.js'

const isHere = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0
const skipped = (shell: string) => (isHere(shell) ? false : `${shell} is not installed`)
const scriptOf = async (shell: string) => (await runCommand(['completion', shell])).output.join('\n')
const declarations = commands.map(({ declaration }) => declaration)

/** What is typed, with the word that is begun at its end · what is offered. */
const expected: [string, string[]][] = [
  ['latchkey ', namesBelow('latchkey', declarations)],
  ['latchkey us', ['users']],
  ['latchkey users ', namesBelow('latchkey users', declarations)],
  ['latchkey users --', ['--help']],
  ['latchkey users list --', ['--search', '--limit', '--cursor', '--json', '--help']],
  ['latchkey users show asha@example.com --j', ['--json']],
  ['latchkey keys rotate ', ['pepper', 'signing-key']],
  ['latchkey completion z', ['zsh']],
  ['latchkey nonsense ', namesBelow('latchkey', declarations)],
]

t.test('bash', { skip: skipped('bash') }, async (t) => {
  const script = await scriptOf('bash')
  const complete = (line: string) => {
    const words = line.split(' ').map((word) => `'${word}'`)
    const asked = `${script}\nCOMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _latchkey; echo "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-u', '-c', asked], {
      encoding: 'utf8',
      cwd: t.testdirName,
    })
    t.equal(stderr, '', line)
    return stdout.trim().split(' ').filter(Boolean).sort()
  }
  writeFileSync(join(t.testdir({}), 'users.ndjson'), '')
  for (const [line, words] of expected) t.strictSame(complete(line), [...words].sort(), line)
  t.strictSame(complete('latchkey users export --output us'), ['users.ndjson'], 'names of files')
  for (const path of [...Object.keys(groups), ...declarations.map(({ program }) => program)]) {
    t.ok(complete(`${path} --`).includes('--help'), path)
  }
})

t.test('zsh', { skip: skipped('zsh') }, async (t) => {
  const script = await scriptOf('zsh')
  const { status, stderr } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' })
  t.strictSame([status, stderr], [0, ''])
})

t.test('fish', { skip: skipped('fish') }, async (t) => {
  const script = await scriptOf('fish')
  for (const [line, words] of expected.slice(0, 8)) {
    const { stdout } = spawnSync('fish', ['--no-config', '-c', `${script}\ncomplete -C '${line}'`], {
      encoding: 'utf8',
    })
    const offered = stdout.split('\n').map((text) => text.split('\t')[0])
    for (const word of words) t.ok(offered.includes(word), `${line}: ${word}`)
  }
})

t.test('each script names every command', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = await scriptOf(shell)
    for (const { program } of declarations)
      t.ok(script.includes(String(program.split(' ').at(-1))), `${shell}: ${program}`)
  }
  t.match(await runCommand(['completion', 'tcsh']), { code: 2, errors: [/^tcsh is none of bash, zsh, fish/] })
})
