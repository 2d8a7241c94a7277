// What is written to standard output is there as a whole, or the command fails: also where the disk is full.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeOutput } from '../../src/config/standard-output.js'

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js')

t.test('a file gets all of it, or the error of the system', async (t) => {
  const file = join(t.testdir({}), 'out')
  const text = 'ü'.repeat(100_000)
  const descriptor = openSync(file, 'w')
  t.equal(writeOutput(text, descriptor), true)
  closeSync(descriptor)
  t.equal(readFileSync(file, 'utf8'), text)
  const closed = openSync(file, 'r')
  t.throws(() => writeOutput('x', closed), { code: 'EBADF' })
  closeSync(closed)
  const device = openSync('/dev/null', 'w')
  t.equal(writeOutput('x', device), true)
  closeSync(device)
})

t.test('help that cannot be written is a failure', async (t) => {
  const closed = openSync(join(t.testdir({ out: '' }), 'out'), 'r')
  const { status, stderr } = spawnSync(process.execPath, [main, '--help'], {
    stdio: ['ignore', closed, 'pipe'],
    encoding: 'utf8',
  })
  closeSync(closed)
  t.match(
    { status, stderr },
    { status: 1, stderr: /^Standard output cannot be written: EBADF: bad file descriptor, write\n$/ },
  )
})

t.test('a command that has no room for its output fails in one line', async (t) => {
  const folder = t.testdir({})
  // A file may have so many blocks and no more, as on a full disk: the first write is cut off there.
  const start = (limit: number, ...words: string[]) =>
    spawnSync('sh', ['-c', `ulimit -f ${limit}; exec "$@" >out`, 'sh', process.execPath, main, ...words], {
      cwd: folder,
      // Node.js hands the folder of the coverage on by itself, and a report of that would be cut off too.
      env: { ...process.env, NODE_V8_COVERAGE: '' },
      encoding: 'utf8',
    })
  const whole = start(100_000, 'openapi')
  t.match(whole, { status: 0, stderr: '' })
  t.ok(readFileSync(join(folder, 'out')).length > 100_000)
  t.match(start(8, 'openapi'), { status: 1, stderr: /^EFBIG: file too large, write\n$/ })
  t.match(start(1, '--help'), {
    status: 1,
    stderr: /^Standard output cannot be written: EFBIG: file too large, write\n$/,
  })
})
