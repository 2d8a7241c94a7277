// Every program that npm runs, as a process: `--help` and unknown options change nothing, and say what is the matter.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Client } from 'pg'
import t from 'tap'
import { exitCodeOf } from '../../src/development/processes.js'
import { testSecrets } from '../support/app.js'
import { contentOf } from '../support/content.js'
import { createTestDatabase } from '../support/database.js'
import { projectDirectory } from '../support/project.js'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }

/** The arguments of Node.js of each script that is a program of ours, which is started here as it is compiled for the tests. */
const programs = Object.entries(scripts).flatMap(([name, line]) => {
  const [command, ...args] = line.split(' ')
  if (command !== 'node' || !args.includes('tsx')) return []
  return [{ name, args: args.slice(2).map((arg) => arg.replace(/\.ts$/, '.js')) }]
})

/** A project in which nothing was started or prepared yet: what a program does there is seen. */
const folder = t.testdir({})
for (const part of ['src', 'attack', 'bench', 'test/support', 'test/runner']) {
  cpSync(join(projectDirectory, '.build', part), join(folder, part), { recursive: true })
}
cpSync(join(projectDirectory, 'package.json'), join(folder, 'package.json'))
symlinkSync(join(projectDirectory, 'node_modules'), join(folder, 'node_modules'))
for (const part of ['prisma', 'openapi.json']) symlinkSync(join(projectDirectory, part), join(folder, part))
const made = () => readdirSync(folder)

async function run(args: readonly string[], url: string) {
  // Enough to work with, and nothing of the test runner's.
  const env = { PATH: process.env['PATH'], HOME: folder, NODE_ENV: 'test', DATABASE_URL: url, ...testSecrets }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [code, output, errors] = await Promise.all([exitCodeOf(child), buffer(child.stdout), buffer(child.stderr)])
  return { code, output: output.toString(), errors: errors.toString() }
}

t.test('each command is a script, so that it is tried here', async (t) => {
  const tried = programs.flatMap(({ args }) => args).filter((arg) => arg.startsWith('src/cli/'))
  const entries = readdirSync('src/cli')
    .map((name) => `src/cli/${name}`)
    .filter((path) => readFileSync(path, 'utf8').includes('await runIfMain(import.meta.url'))
    .map((path) => path.replace(/\.ts$/, '.js'))
  t.strictSame(tried.sort(), entries.sort())
  t.ok(entries.length >= 10)
})

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
  t.match(before, '2020-01-01', 'something to clean up')

  async function tryOut({ name, args }: (typeof programs)[number]): Promise<void> {
    const [help, wrong] = [await run([...args, '--help'], url), await run([...args, '--nonsense'], url)]
    t.match(help, { code: 0, errors: '' }, `${name} --help`)
    t.match(help.output, /^[A-Z].*\.\n\nUsage: /, `${name} --help begins with what it is for`)
    // A compiled command that npm does not start says how it is started without npm, as in the image.
    const usage = /^Usage: (npm run \S+|node \S+)/m.exec(help.output)?.[1]
    t.ok(usage === `npm run ${name}` || usage === `node ${args.at(-1)}`, `${name} --help names the script: ${usage}`)
    t.match(help.output, / {2}-h, --help +prints this\n\nExit codes: 0 done; /)
    t.strictSame(
      wrong,
      { code: 2, output: '', errors: 'Unknown option --nonsense; --help lists what there is\n' },
      `${name} --nonsense`,
    )
  }
  const queue = [...programs]
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await tryOut(next)
  }
  await Promise.all([work(), work()])
  t.equal(await contentOf(url), before, 'no row was touched')
  t.strictSame(made(), there, 'no secrets, no database, no build')
  t.notOk(existsSync(join(folder, '.data')))
})

t.test('the script that generates the client, which runs before there is anything to compile', async (t) => {
  const script = join(projectDirectory, 'scripts', 'generate.mjs')
  t.match(await run([script, '--help'], ''), { code: 0, errors: '', output: /^Generates .*Usage: npm run generate\n$/ })
  const errors = 'Unknown option --nonsense; --help lists what there is\n'
  t.strictSame(await run([script, '--nonsense'], ''), { code: 2, output: '', errors })
})
