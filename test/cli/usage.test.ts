// Every command of `latchkey` and every program that npm runs: `--help` and unknown options change nothing, and say what is the matter.
// The programs are run as processes; the commands have one program, which is run for a few of them.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Client } from 'pg'
import t from 'tap'
import { commands } from '../../src/cli/commands.js'
import { findPlace, helpAt, runLatchkey } from '../../src/cli/latchkey.js'
import { groups } from '../../src/cli/tree.js'
import { exitCodeOf } from '../../src/development/processes.js'
import { testSecrets } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { contentOf } from '../support/content.js'
import { createTestDatabase } from '../support/database.js'
import { projectDirectory } from '../support/project.js'

type Program = Readonly<{
  name: string
  /** of Node.js */
  args: readonly string[]
  /** how the help says it is started */
  usage: string
}>

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
const main = 'src/cli/main.js'

/** Each script of npm that is a program of ours, which is started here as it is compiled for the tests. */
const ofNpm: Program[] = Object.entries(scripts).flatMap(([name, line]) => {
  const [command, ...args] = line.split(' ')
  if (command !== 'node' || !args.includes('tsx') || args.includes('src/cli/main.ts')) return []
  return [{ name, args: args.slice(2).map((arg) => arg.replace(/\.ts$/, '.js')), usage: `npm run ${name} -- ` }]
})

const ofLatchkey: Program[] = [...commands.map(({ declaration }) => declaration.program), ...Object.keys(groups)].map(
  (path) => ({ name: path, args: [main, ...path.split(' ').slice(1)], usage: `${path} ` }),
)

/** Those that run as they are written, each with where it is: all of a folder, so that none is forgotten. What they import stands in scripts/parts. */
const ofScripts: Program[] = ['scripts', 'openapi', 'site'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.mjs') && name !== 'on-node.mjs')
    .map((name) => ({ name, args: [join(projectDirectory, folder, name)], usage: '' })),
)

/** A project in which nothing was started or prepared yet: what a program does there is seen. */
const folder = t.testdir({})
for (const part of ['src', 'attack', 'bench', 'test/support', 'test/runner']) {
  cpSync(join(projectDirectory, '.build', part), join(folder, part), { recursive: true })
}
cpSync(join(projectDirectory, 'package.json'), join(folder, 'package.json'))
symlinkSync(join(projectDirectory, 'node_modules'), join(folder, 'node_modules'))
for (const part of ['prisma', 'openapi.json']) symlinkSync(join(projectDirectory, part), join(folder, part))
const made = () => readdirSync(folder)

/** A group, a command, and all of it: the entry is the same for every command, and the rest is asked without a process for each. */
const asProcesses = ['latchkey', 'latchkey users', 'latchkey users list']

async function run(args: readonly string[], url: string) {
  // Enough to work with, and nothing of the test runner's.
  const env = { PATH: process.env['PATH'], HOME: folder, NODE_ENV: 'test', DATABASE_URL: url, ...testSecrets }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [code, output, errors] = await Promise.all([exitCodeOf(child), buffer(child.stdout), buffer(child.stderr)])
  return { code, output: output.toString(), errors: errors.toString() }
}

t.test('help, and options that there are not', async (t) => {
  t.setTimeout(300_000)
  const { url } = await createTestDatabase()
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    `INSERT INTO limit_counters (key, window_started_at, expires_at) VALUES ('x', '2020-01-01', '2020-01-01')`,
  )
  await client.end()
  const [before, there] = [await contentOf(url), made()]
  const sources = () => ['scripts', 'openapi', 'site', 'prisma/functions'].map((path) => readdirSync(path))
  const [sourcesBefore, linksBefore] = [sources(), readFileSync('llms.txt', 'utf8')]
  t.match(before, '2020-01-01', 'something to clean up')

  async function tryOut({ name, args, usage }: Program): Promise<void> {
    const help = await run([...args, '--help'], url)
    t.match(help, { code: 0, errors: '' }, `${name} --help`)
    t.ok(
      `${help.output} `.replace('\n', ' ').startsWith(`Usage: ${usage}`),
      `${name} --help: ${help.output.slice(0, 80)}`,
    )
    // What latchkey refuses is asked below, without a process for each.
    if (args[0] === main) return
    const wrong = await run([...args, '--nonsense'], url)
    const errors = 'Unknown option --nonsense; --help lists what there is\n'
    t.strictSame(wrong, { code: 2, output: '', errors }, `${name} --nonsense`)
  }
  const queue = [...ofNpm, ...ofLatchkey.filter(({ name }) => asProcesses.includes(name)), ...ofScripts]
  t.ok(queue.length > 25, `${queue.length} programs`)
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await tryOut(next)
  }
  await Promise.all([work(), work()])
  t.equal(await contentOf(url), before, 'no row was touched')
  t.strictSame(made(), there, 'no secrets, no database, no build')
  t.notOk(existsSync(join(folder, '.data')))
  t.strictSame([sources(), readFileSync('llms.txt', 'utf8')], [sourcesBefore, linksBefore])
})

// After a change that is meant: TAP_SNAPSHOT=1 npm test -- test/cli/usage.test.ts
t.test('the help of each command', async (t) => {
  t.snapshotFile = join(projectDirectory, 'test', 'cli', 'help.snapshot.cjs')
  for (const path of [...Object.keys(groups), ...commands.map(({ declaration }) => declaration.program)]) {
    t.matchSnapshot(helpAt(findPlace(path.split(' ').slice(1))), path)
  }
})

t.test('no command begins for a question, nor with an option that it does not know', async (t) => {
  t.ok(ofLatchkey.length > 25, `${ofLatchkey.length} commands and groups`)
  const tryOut = async (words: readonly string[]) => {
    const [output, errors]: [string[], string[]] = [[], []]
    const code = await runLatchkey(words, {
      print: (line) => void output.push(line),
      printError: (line) => void errors.push(line),
      open: () => t.fail('nothing is opened') as never,
    })
    return { code, output, errors }
  }
  for (const { name, args, usage } of ofLatchkey) {
    const { output, ...help } = await tryOut([...args.slice(1), '--help'])
    t.strictSame(help, { code: 0, errors: [] }, `${name} --help`)
    const text = `${output.join('\n')} `.replace('\n', ' ')
    t.ok(text.startsWith(`Usage: ${usage}`), `${name} --help: ${text.slice(0, 80)}`)
    const wrong = await tryOut([...args.slice(1), '--nonsense'])
    const refusal = ['Unknown option --nonsense; --help lists what there is']
    t.strictSame(wrong, { code: 2, output: [], errors: refusal }, `${name} --nonsense`)
  }
})

t.test('of words that name nothing, the nearest that does', async (t) => {
  const faults: [string, string][] = [
    ['migrat', 'Unknown command migrat; did you mean latchkey migrate?'],
    ['db:migrate', 'Unknown command db:migrate; did you mean latchkey migrate?'],
    ['usres list', 'Unknown command usres; did you mean latchkey users?'],
    ['users lsit', 'Unknown command lsit; did you mean latchkey users list?'],
    ['usres --help', 'Unknown command usres; did you mean latchkey users?'],
    ['help nonsense', 'Unknown command nonsense; latchkey --help lists what there is'],
    ['users --yes', 'Unknown option --yes; --help lists what there is'],
    ['keys rotate peper', 'peper is none of signing-key, pepper; did you mean pepper?'],
    ['admin grant', 'Missing: PHONE|EMAIL; latchkey admin grant --help explains it'],
  ]
  for (const [typed, message] of faults) {
    const words = typed.split(' ').filter(Boolean)
    const { code, output, errors } = await runCommand(words)
    t.strictSame([code, output, errors.length], [2, [], 1], typed)
    t.equal(errors[0], message)
    const json = await runCommand([...words, '--json'])
    t.match(JSON.parse(String(json.errors[0])), { error: { kind: 'usage', message } }, `${typed} --json`)
  }
  t.match(await runCommand([]), {
    code: 2,
    errors: [/^Missing: one of dev, init, start, .*; latchkey --help explains them$/],
  })
  t.match(await runCommand(['keys']), {
    code: 2,
    errors: ['Missing: one of new, rotate; latchkey keys --help explains them'],
  })
  t.match(await runCommand(['--version']), { code: 0, output: [/^\d+\.\d+\.\d+$/] })
  t.strictSame(await runCommand(['help', 'users', 'list']), await runCommand(['users', 'list', '--help']))
})
