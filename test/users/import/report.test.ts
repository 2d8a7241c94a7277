// The files beside the one that is imported: none of their lines gets lost silently.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { projectDirectory } from '../../support/project.js'

t.test('a write that ends early is a failure', async (t) => {
  const module = pathToFileURL(join(projectDirectory, '.build', 'src', 'users', 'import', 'report.js')).href
  const script = `
    const { Report } = await import(${JSON.stringify(module)})
    const report = new Report('report', 0)
    await report.begin()
    await report.add([{ line: 1, reason: 'x'.repeat(100_000) }]).then(() => console.log('written'), ({ code }) => console.log(code))`
  // A limit on the size of files, in blocks: what is beyond it is not written, as on a full disk.
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', 'ulimit -f 8; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    // Node.js hands the folder of the coverage on by itself, and a report of that would be cut off too.
    { cwd: t.testdir({}), env: { NODE_V8_COVERAGE: '' } },
  )
  t.equal(stdout, 'EFBIG\n')
})
