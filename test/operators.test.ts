// What pages for operators tell people to type: each command, option, script and setting is one.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { settings } from '../src/config/table/table.js'
import { projectUrl } from './support/project.js'

const root = fileURLToPath(projectUrl)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const pages = [
  ...['operating', 'upgrading', 'backup', 'compose', 'systemd', 'releasing', 'scaling'].map(
    (name) => `docs/${name}.md`,
  ),
  ...readdirSync(join(root, 'docs/incidents')).map((name) => `docs/incidents/${name}`),
]

/** What is typed: blocks of shell, and code within sentences. */
function typed(page: string): string[] {
  const text = read(page)
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'))
  const words = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return [...blocks.map((line) => line.replace(/\s+#.*$/, '')), ...words]
}

/** The words of each command of latchkey, and its options, as they are declared. */
function declaredCommands(): Map<string, Set<string>> {
  const files = readdirSync(join(root, 'src/cli')).filter((name) => name.startsWith('declar'))
  const source = files.map((name) => read(`src/cli/${name}`)).join('\n')
  const declarations = source.split(/^export const /m).filter((text) => text.includes("program: 'latchkey "))
  return new Map(
    declarations.map((text) => {
      const [, program = ''] = /program: 'latchkey ([^']+)'/.exec(text) ?? []
      return [
        program,
        new Set([...text.matchAll(/(?:^ {4}|[{,] )'?([a-z-]+)'?(?=[:,]| })/gm)].map(([, name = '']) => name)),
      ]
    }),
  )
}

/** Commands of latchkey in a line: their words and options, up to what ends a command in a shell. */
function latchkeyCommands(line: string): { words: string[]; options: string[] }[] {
  return [
    ...line.replace(/-u latchkey\S*/g, '').matchAll(/(?:^|[\s(;&|])latchkey((?: +(?:'[^']*'|[^\s;&|)]+))+)/g),
  ].map(([, rest = '']) => {
    const words = rest.trim().split(/ +/)
    return {
      words: words.filter((word) => /^[a-z][a-z-]*$/.test(word)),
      options: words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.slice(2).replace(/=.*/, '')),
    }
  })
}

t.test('each command of latchkey is one, with its options', async (t) => {
  const declared = declaredCommands()
  t.ok(declared.size > 20, `${declared.size} commands`)
  let count = 0
  for (const page of pages) {
    for (const { words, options } of typed(page).flatMap(latchkeyCommands)) {
      // Units and services have such names too.
      if (words.length === 0 || /^(?:latchkey|postgres|role)/.test(String(words[0]))) continue
      const name = declared.has(words.slice(0, 2).join(' ')) ? words.slice(0, 2).join(' ') : String(words[0])
      const known = declared.get(name)
      count += 1
      t.ok(known, `${page}: latchkey ${name}`)
      for (const option of options)
        t.ok(known?.has(option) || option === 'help', `${page}: latchkey ${name} --${option}`)
    }
  }
  t.ok(count > 30, `${count} commands`)
})

const scriptCall = /(?:^|[\s'/])((?:deploy|scripts)\/[\w./-]+\.(?:sh|mjs))((?: +[^\s;&|]+)*)/g

/** What is wrong with a script as it is typed; null where nothing is. */
function faultOf(script: string, words: string): string | null {
  if (!existsSync(join(root, script))) return 'is not there'
  if (script.endsWith('.sh') && (statSync(join(root, script)).mode & 0o111) === 0) return 'cannot be run'
  const source = read(script)
  const options = [...words.matchAll(/(--[a-z-]+)/g)].map(([, option = '']) => option)
  return options.find((option) => option !== '--help' && !source.includes(option)) ?? null
}

t.test('each script is there, can be run, and knows the options that are typed', async (t) => {
  const calls = pages.flatMap((page) =>
    typed(page).flatMap((line) =>
      [...line.matchAll(scriptCall)].map(([, script = '', words = '']) => ({ page, script, words })),
    ),
  )
  t.ok(calls.length > 15, `${calls.length} scripts`)
  for (const { page, script, words } of calls) t.equal(faultOf(script, words), null, `${page}: ${script}`)
})

t.test('each service of compose is one', async (t) => {
  const services = [...read('compose.yaml').matchAll(/^ {2}([a-z][a-z\d-]*):\n(?: {4}|\n| {2}#)/gm)].map(
    ([, name]) => name,
  )
  const verbs = /docker compose (?:exec|run|logs|stop|restart|up|pull|ps|build)((?: +[^\s;&|>`]+)*)/g
  for (const page of pages) {
    for (const [line, rest = ''] of typed(page).flatMap((text) => [...text.matchAll(verbs)])) {
      const name = rest
        .trim()
        .split(/ +/)
        .find((word, index, all) => /^[a-z]/.test(word) && all[index - 1] !== '--tail')
      if (name !== undefined) t.ok(services.includes(name), `${page}: ${line}`)
    }
  }
})

/** Of other programs, and of the scripts of deploy/backup. */
const otherNames =
  /^(?:BACKUP_[A-Z_]+|WAL_ARCHIVE|REPLICATION_URL|LATCHKEY|PGPASSWORD|POSTGRES_PASSWORD|NPM_TOKEN|OWNER|NAME_FILE|[A-Z\d]+)$/

t.test('each setting is one', async (t) => {
  const known = new Set(Object.keys(settings))
  for (const page of pages) {
    const names = typed(page).flatMap((line) => [
      ...line.matchAll(/(?:^|[\s`'"])([A-Z][A-Z\d]+(?:_[A-Z\d]+)+)(?==|$|[\s,`)])/g),
    ])
    for (const [, name = ''] of names) {
      t.ok(known.has(name) || known.has(name.replace(/_FILE$/, '')) || otherNames.test(name), `${page}: ${name}`)
    }
  }
})

t.test('each metric is told of', async (t) => {
  const metrics = read('docs/metrics.md')
  for (const page of pages) {
    for (const [name] of read(page).matchAll(
      /(?:latchkey|nodejs|process)_[a-z_]+(?:_total|_seconds|_ready|_waiting)(?:_count|_bucket)?/g,
    )) {
      if (/^latchkey_(?:postgres|service|restored)$/.test(name)) continue
      t.ok(metrics.includes(name.replace(/_(?:count|bucket)$/, '')), `${page}: ${name}`)
    }
  }
})

t.test('the wrapper for systemd reads settings as systemd does, and stays where it is typed', async (t) => {
  const program = `console.log(JSON.stringify({ env: process.env, words: process.argv.slice(2), cwd: process.cwd() }))`
  const folder = t.testdir({
    configuration: {
      'latchkey.env': [
        '# a comment',
        '; another',
        'EMAIL_FROM="Latchkey <codes@example.com>"',
        'BRAND_NAME=\'A "B"\'',
        '  SMS_COUNTRIES=IN,AE  ',
        'no setting',
        'PUBLIC_URL=https://login.example.com/?a=b',
      ].join('\n'),
      secrets: { owner_database_url: 'o', database_url: 'd', otp_pepper: 'p', 'otp_pepper~': 'x' },
    },
    home: { dist: { cli: { 'main.js': program } } },
    elsewhere: {},
  })
  const run = (...words: string[]) =>
    JSON.parse(
      execFileSync(join(root, 'deploy/systemd/latchkey'), words, {
        cwd: join(folder, 'elsewhere'),
        env: {
          PATH: process.env['PATH'],
          LATCHKEY_CONFIGURATION: join(folder, 'configuration'),
          LATCHKEY_HOME: join(folder, 'home'),
        },
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString(),
    )
  const secrets = join(folder, 'configuration/secrets')
  const { env, words, cwd } = run('users', 'import', 'a b.csv')
  t.strictSame(words, ['users', 'import', 'a b.csv'])
  t.equal(cwd, realpathSync(join(folder, 'elsewhere')), 'so that a b.csv is a file of that folder')
  t.match(env, {
    NODE_ENV: 'production',
    EMAIL_FROM: 'Latchkey <codes@example.com>',
    BRAND_NAME: 'A "B"',
    SMS_COUNTRIES: 'IN,AE',
    PUBLIC_URL: 'https://login.example.com/?a=b',
    DATABASE_URL_FILE: join(secrets, 'database_url'),
    OTP_PEPPER_FILE: join(secrets, 'otp_pepper'),
    LATCHKEY_HOME: join(folder, 'home'),
  })
  t.notOk('DIRECT_DATABASE_URL_FILE' in env, 'of the owner of the tables, only who changes them hears')
  t.equal(run('migrate').env.DIRECT_DATABASE_URL_FILE, join(secrets, 'owner_database_url'))
})

t.test('with compose, the scripts of deploy/backup find the programs of PostgreSQL in its container', async (t) => {
  const docker = '#!/bin/sh\necho "$PWD $*"\ncat\n'
  const folder = t.testdir({ bin: { docker } })
  chmodSync(join(folder, 'bin/docker'), 0o755)
  const run = (program: string, ...words: string[]) =>
    execFileSync(join(root, 'deploy/compose/bin', program), words, {
      cwd: folder,
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
      input: 'of the loop around it',
    }).toString()
  const place = realpathSync(root).replace(/\/$/, '')
  for (const program of ['pg_dump', 'pg_restore', 'psql']) {
    t.equal(run(program, '--file=-'), `${place} compose exec -T postgres ${program} --file=-\nof the loop around it`)
  }
  t.equal(run('psql', '--command=SELECT 1'), `${place} compose exec -T postgres psql --command=SELECT 1\n`)
})

t.test('logs are read line by line: those of systemd and compose have lines that are no JSON', async (t) => {
  const runbooks = readdirSync(join(root, 'docs/runbooks')).map((name) => `docs/runbooks/${name}`)
  const lines = [...pages, ...runbooks].flatMap((page) =>
    read(page)
      .split('\n')
      .map((line) => ({ page, line })),
  )
  const piped = lines.filter(({ line }) => /(?:journalctl|compose logs)[^`]*\| *jq/.test(line))
  t.ok(piped.length > 4, `${piped.length} lines`)
  for (const { page, line } of piped) t.match(line, /\| *jq -[a-z]*R 'fromjson\?/, page)
})
