// The test runner on files that go wrong: each says what is wrong with it, by name.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readOptions } from './options.js'
import { selectTestFiles } from './selection.js'
import { type Failure, type FileOutcome, startTestProcess } from './test-process.js'

const files = {
  'passes.js': "import t from 'tap'; t.pass('a'); t.test('b', async (t) => { t.ok(1); t.ok(2) }); t.skip('c')",
  'fails.js':
    "import t from 'tap'; t.test('outer', async (t) => t.test('inner', async (t) => { t.ok(1); t.equal(1, 2) }))",
  'throws.js': "import t from 'tap'; t.test('outer', async (t) => { t.pass(); throw new Error('thrown inside') })",
  'throws-outside.js':
    "import t from 'tap'; t.test('outer', () => new Promise(() => setTimeout(() => { throw new Error('thrown outside') })))",
  'rejects-outside.js':
    "import t from 'tap'; t.test('outer', () => new Promise(() => { Promise.reject(new Error('rejected outside')) }))",
  'teardown.js':
    "import t from 'tap'; t.test('outer', async (t) => { t.teardown(() => { throw new Error('too late') }); t.pass() })",
  'wrong-import.js': "import t from 'tap'; import { a } from './nowhere.js'; t.ok(a)",
  'wrong-name.js': "import t from 'tap'; import { a } from 'node:fs'; t.ok(a)",
  'syntax.js': "import t from 'tap'; t.ok(",
  'pends.js': "import t from 'tap'; t.test('never', () => new Promise(() => {}))",
  'no-test.js': 'export const helper = 1',
  'exits.js': "import t from 'tap'; t.pass('a'); t.test('never', async () => process.exit(0))",
  'tears-down.js': "import t from 'tap'; globalThis.torn = 0; t.teardown(() => { globalThis.torn += 1 }); t.pass()",
  'finds-torn-down.js': "import t from 'tap'; t.equal(globalThis.torn, 1)",
  'leaks.js': "import t from 'tap'; setInterval(() => {}, 1000); t.pass()",
  'hangs.js': "import t from 'tap'; setInterval(() => {}, 1000); t.test('never', () => new Promise(() => {}))",
}
const folder = t.testdir(files)
const program = fileURLToPath(new URL('files-process.js', import.meta.url))

type Name = keyof typeof files
async function run(name: Name, timeout = 30_000): Promise<{ outcome: FileOutcome; failures: Failure[] }> {
  const failures: Failure[] = []
  const onFailure = (failure: Failure) => void failures.push(failure)
  const environment = { ...process.env }
  const tested = startTestProcess([program, name], { environment, timeout, onFailure })
  const outcome = await tested.run(name, join(folder, name))
  await tested.close()
  return { outcome, failures }
}

t.test('what passes is counted, without what only sums up', async (t) => {
  const { outcome, failures } = await run('passes.js')
  t.match(outcome, { file: 'passes.js', passed: 3, failed: 0, skipped: 1 })
  t.strictSame(failures, [])
})

t.test('what fails says why, once', async (t) => {
  const expected: [Name, string, RegExp][] = [
    ['fails.js', 'outer > inner > should be equal', /-2\n\+1/],
    ['throws.js', 'outer > thrown inside', /Error|throws\.js/],
    ['wrong-import.js', 'the file as a whole', /wrong-import\.js imports .*nowhere\.js, which does not exist/],
    ['wrong-name.js', 'the file as a whole', /'node:fs' does not provide an export named 'a'/],
    ['syntax.js', 'the file as a whole', /SyntaxError: Unexpected end of input/],
    ['no-test.js', 'the file as a whole', /^has no test/],
    ['exits.js', 'never > test unfinished', /./],
    ['pends.js', 'never > test unfinished', /./],
  ]
  for (const [name, failed, cause] of expected) {
    const { outcome, failures } = await run(name)
    t.equal(failures[0]?.name, failed, name)
    t.match(failures[0]?.cause, cause, name)
    t.equal(failures.length, 1, `${name} says it once`)
    t.equal(outcome.failed, 1, name)
  }
})

t.test('what is thrown outside of what a test waits for is told beside the test', async (t) => {
  for (const name of ['throws-outside.js', 'rejects-outside.js'] as const) {
    const { outcome, failures } = await run(name)
    t.ok(
      failures.some((failure) => failure.name === 'outer > test unfinished'),
      name,
    )
    t.ok(
      failures.some(({ name, cause }) => /(thrown|rejected) outside/.test(`${name} ${cause}`)),
      `${name}: ${failures.map(({ cause }) => cause)}`,
    )
    t.equal(outcome.failed, 2, name)
  }
})

t.test('a teardown that throws fails its test, whose checks had passed', async (t) => {
  const { failures } = await run('teardown.js')
  t.ok(failures.some(({ name }) => name.includes('too late')))
})

t.test('a file that does not end is given up', async (t) => {
  const { failures } = await run('hangs.js', 500)
  t.match(failures.at(-1)?.cause, /^did not end within 0\.5 seconds/)
})

t.test('a process runs one file after another, and each is told apart', async (t) => {
  const failures: Failure[] = []
  const onFailure = (failure: Failure) => void failures.push(failure)
  const shared = startTestProcess([program, 'shared'], { environment: { ...process.env }, timeout: 30_000, onFailure })
  const outcomes = []
  for (const name of ['passes.js', 'fails.js', 'tears-down.js', 'finds-torn-down.js', 'no-test.js'])
    outcomes.push(await shared.run(name, join(folder, name)))
  t.ok(shared.isUsable(), 'what failed leaves the process as it is')
  t.strictSame(
    outcomes.map(({ file, passed, failed, skipped }) => [file, passed, failed, skipped]),
    [
      ['passes.js', 3, 0, 1],
      ['fails.js', 1, 1, 0],
      ['tears-down.js', 1, 0, 0],
      ['finds-torn-down.js', 1, 0, 0],
      ['no-test.js', 0, 1, 0],
    ],
  )
  t.strictSame(
    failures.map(({ file }) => file),
    ['fails.js', 'no-test.js'],
  )
  t.ok(await shared.close())
})

t.test('what still runs after the last test is a failure of its own', async (t) => {
  const failures: Failure[] = []
  const onFailure = (failure: Failure) => void failures.push(failure)
  const options = { environment: { ...process.env }, timeout: 30_000, peace: 200, onFailure }
  const leaking = startTestProcess([program, 'leaks'], options)
  t.match(await leaking.run('leaks.js', join(folder, 'leaks.js')), { passed: 1, failed: 0 })
  t.notOk(await leaking.close())
  t.match(failures, [{ file: 'leaks.js', name: /those before it/, cause: /something still ran/ }])
})

t.test('words that name no test are refused with the reason', async (t) => {
  await t.rejects(selectTestFiles(['test/runner/output.ts']), /output\.ts is no test file, but a helper/)
  await t.rejects(selectTestFiles(['test/support']), /test\/support has no test file/)
  await t.rejects(selectTestFiles(['test/no-test-file.test.ts']), /does not exist$/)
  await t.rejects(selectTestFiles(['test/test-process.ts']), /is it test\/runner\/test-process\.test\.ts\?$/)
  t.strictSame(await selectTestFiles(['test/runner/', 'test/runner/test-process.test.ts']), [
    'test/runner/test-process.test.ts',
  ])
  t.ok((await selectTestFiles([])).length > 50)
  t.throws(() => readOptions(['--jobs', 'all']), /--jobs must be a whole number/)
  t.throws(() => readOptions(['--nonsense']), /^Unknown option --nonsense/)
})
