// The test runner on files that go wrong: each says what is wrong with it, by name.
import { join } from 'node:path'
import t from 'tap'
import { readOptions } from './options.js'
import { selectTestFiles } from './selection.js'
import { type Failure, type FileOutcome, runTestFile } from './test-file.js'

const files = {
  'passes.js': "import t from 'tap'; t.pass('a'); t.test('b', async (t) => { t.ok(1); t.ok(2) }); t.skip('c')",
  'fails.js':
    "import t from 'tap'; t.test('outer', async (t) => t.test('inner', async (t) => { t.ok(1); t.equal(1, 2) }))",
  'throws.js': "import t from 'tap'; t.test('outer', async (t) => { t.pass(); throw new Error('thrown inside') })",
  'teardown.js':
    "import t from 'tap'; t.test('outer', async (t) => { t.teardown(() => { throw new Error('too late') }); t.pass() })",
  'wrong-import.js': "import t from 'tap'; import { a } from './nowhere.js'; t.ok(a)",
  'wrong-name.js': "import t from 'tap'; import { a } from 'node:fs'; t.ok(a)",
  'syntax.js': "import t from 'tap'; t.ok(",
  'no-test.js': 'export const helper = 1',
  'exits.js': "import t from 'tap'; t.pass('a'); t.test('never', async () => process.exit(0))",
  'hangs.js': "import t from 'tap'; setInterval(() => {}, 1000); t.test('never', () => new Promise(() => {}))",
}
const folder = t.testdir(files)

type Name = keyof typeof files
async function run(name: Name, timeout = 30_000): Promise<{ outcome: FileOutcome; failures: Failure[] }> {
  const failures: Failure[] = []
  const onFailure = (failure: Failure) => void failures.push(failure)
  const environment = { ...process.env }
  const { outcome } = runTestFile(name, [join(folder, name)], { environment, timeout, onFailure })
  return { outcome: await outcome, failures }
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
    ['syntax.js', 'the file as a whole', /syntax\.js:1\n(.*\n)+SyntaxError/],
    ['no-test.js', 'the file as a whole', /^has no test/],
    ['exits.js', 'never > test unfinished', /./],
  ]
  for (const [name, failed, cause] of expected) {
    const { outcome, failures } = await run(name)
    t.equal(failures[0]?.name, failed, name)
    t.match(failures[0]?.cause, cause, name)
    t.equal(failures.length, 1, `${name} says it once`)
    t.equal(outcome.failed, 1, name)
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

t.test('words that name no test are refused with the reason', async (t) => {
  await t.rejects(selectTestFiles(['test/runner/output.ts']), /output\.ts is no test file, but a helper/)
  await t.rejects(selectTestFiles(['test/support']), /test\/support has no test file/)
  await t.rejects(selectTestFiles(['test/no-test-file.test.ts']), /does not exist$/)
  await t.rejects(selectTestFiles(['test/test-file.ts']), /is it test\/runner\/test-file\.test\.ts\?$/)
  t.strictSame(await selectTestFiles(['test/runner/', 'test/runner/test-file.test.ts']), [
    'test/runner/test-file.test.ts',
  ])
  t.ok((await selectTestFiles([])).length > 50)
  t.throws(() => readOptions(['--jobs', 'all']), /--jobs must be a whole number/)
  t.throws(() => readOptions(['--nonsense']), /^Unknown option --nonsense/)
})
