// A log that cannot be written costs its lines, and not the service.
import type { EventEmitter } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openLogOutput } from '../src/log-output.js'

t.test('lines are written', async (t) => {
  const file = join(t.testdir({}), 'log')
  const descriptor = openSync(file, 'w')
  t.teardown(() => closeSync(descriptor))
  const told: string[] = []
  const output = openLogOutput(descriptor, (line) => told.push(line))
  const written = new Promise((resolve) => (output as unknown as EventEmitter).once('write', resolve))
  const line = `{"msg":"${'x'.repeat(10_000)}"}\n`
  output.write(line)
  await written
  output.write('{"msg":"stopped"}\n')
  output.flushSync()
  t.equal(readFileSync(file, 'utf8'), `${line}{"msg":"stopped"}\n`)
  t.strictSame(told, [])
})

t.test('where they cannot be, that is told once, and nothing ends', async (t) => {
  // Stands for a full disk: a descriptor that takes nothing.
  const descriptor = openSync(join(t.testdir({ log: '' }), 'log'), 'r')
  const told: string[] = []
  let tell = (_: string) => {}
  const isTold = new Promise<void>((resolve) => {
    tell = (line) => {
      told.push(line)
      resolve()
    }
  })
  const output = openLogOutput(descriptor, (line) => tell(line))
  output.write(`${'x'.repeat(10_000)}\n`)
  await isTold
  output.write('another\n')
  output.flushSync()
  t.strictSame(told, ['The log cannot be written, and lines of it are lost: EBADF: bad file descriptor, write'])
})
