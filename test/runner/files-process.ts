// The process that runs test files, one after another, as the runner names them (test-process.ts): loading tap and the service and
// warming them up takes a second, which each file would spend again in a process of its own.
import './without-domains.js'
import { once } from 'node:events'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import t from 'tap'
import { endOfFile, type FileToRun } from './test-process.js'

// What files tear down outside of a test is torn down at the end of the file, not of the process.
type Teardown = () => unknown
let teardowns: Teardown[] = []
t.teardown = (teardown: Teardown) => void teardowns.push(teardown)

process.on('message', async ({ path, timeout }: FileToRun) => {
  // A file whose tests wait for nothing that is still to come ends the process, and tap names the test: the channel must not hold it.
  process.channel?.unref()
  t.setTimeout(timeout)
  t.testdirName = resolve('.tap/fixtures', basename(path))
  await import(pathToFileURL(path).href).catch(giveUp)
  if (!t.idle) await once(t, 'idle')
  for (const teardown of teardowns) await Promise.resolve(teardown()).catch(giveUp)
  teardowns = []
  t.setTimeout(0)
  t.pass(endOfFile)
  // After it: the first line that tap writes lets the channel go.
  process.channel?.ref()
})

function giveUp(error: unknown): never {
  process.stderr.write(`${inspect(error)}\n`)
  process.exit(1)
}
