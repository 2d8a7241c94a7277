// `npm run attack [-- --no-build --only A,R]`: the attack catalogue against the built service, in production mode, over HTTP.
import { spawn } from 'node:child_process'
import { exitCodeAfter, parseCommandLineOrExit, UsageError } from '../src/config/command-line.js'
import { exitCodeOf } from '../src/development/processes.js'
import { onEndRequest } from '../src/development/signals.js'
import { groups } from './groups.js'
import { type Group, type Result, runAttack } from './support/context.js'
import { type Databases, startDatabases } from './support/database.js'
import { askBuild, type Build, createFixtures } from './support/fixtures.js'
import { endAll, projectDirectory } from './support/process.js'
import { printFailures, printRow, summaryOf, tell } from './support/table.js'

// No host and no port can be given: it attacks what it started itself, and nothing else.
function readArguments() {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run attack --',
      summary: 'Runs the catalogue of attacks against the built service, in production mode, over HTTP.',
      options: {
        'no-build': { type: 'boolean', description: 'takes the build that is there' },
        only: { type: 'string', value: 'LETTERS', description: 'the groups of these letters, such as A,R' },
      },
    },
    process.argv.slice(2),
  )
  const letters = values.only?.toUpperCase().split(',')
  const known = groups.map(({ letter }) => letter)
  const unknown = letters?.find((letter) => !known.includes(letter))
  if (unknown !== undefined) throw new UsageError(`there is no group ${unknown}: ${known.join(', ')}`)
  return { build: !values['no-build'], chosen: groups.filter(({ letter }) => letters?.includes(letter) ?? true) }
}

async function main(): Promise<number> {
  const { build, chosen } = readArguments()
  if (build) {
    const code = await exitCodeOf(
      spawn('npm', ['run', '--silent', 'build'], { cwd: projectDirectory, stdio: 'inherit' }),
    )
    if (code !== 0) throw new Error('the build failed')
  }
  const databases = await startDatabases(projectDirectory, tell)
  onEndRequest(() => {
    endAll()
    databases.stop().finally(() => process.exit(130))
  })
  try {
    return await runAll(chosen, databases)
  } finally {
    endAll()
    await databases.stop()
  }
}

async function runAll(chosen: readonly Group[], databases: Databases): Promise<number> {
  const build = await askBuild(databases)
  const results: Result[] = []
  for (const group of chosen) {
    tell(`\n${group.letter}. ${group.title}`)
    const started = performance.now()
    results.push(...(await runGroup(group, databases, build)))
    tell(`${''.padEnd(12)}${Math.round((performance.now() - started) / 1000)} s`)
  }
  tell('')
  printFailures(results)
  tell(summaryOf(results))
  return results.some(({ verdict }) => verdict === 'NOT HELD') ? 1 : 0
}

async function runGroup({ attacks }: Group, databases: Databases, build: Build): Promise<Result[]> {
  const fixtures = createFixtures(databases, build)
  const results: Result[] = []
  try {
    for (const attack of attacks) {
      for (const flow of attack.flows ?? [undefined]) {
        const result = await runAttack(attack, flow, fixtures)
        printRow(result)
        results.push(result)
      }
    }
  } finally {
    await fixtures.close()
  }
  return results
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`npm run attack: ${error.message}\n`)
    process.exit(exitCodeAfter(error))
  },
)
