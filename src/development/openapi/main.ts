// `npm run openapi` writes openapi.json from the routes; with `--check` it compares, and ends with 1 where they differ.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describeService, textOf } from './document.js'

const file = fileURLToPath(new URL('../../../openapi.json', import.meta.url))
const arguments_ = process.argv.slice(2)
const text = textOf(await describeService())

if (arguments_.length === 0) {
  await writeFile(file, text)
  process.stdout.write(`openapi.json is written: ${Buffer.byteLength(text)} bytes\n`)
} else if (arguments_.join() === '--check') {
  const isSame = (await readFile(file, 'utf8').catch(() => '')) === text
  process.stdout.write(
    isSame ? 'openapi.json is as the routes say\n' : 'openapi.json is not as the routes say: npm run openapi\n',
  )
  if (!isSame) process.exitCode = 1
} else {
  process.stderr.write('Usage: npm run openapi [-- --check]\n')
  process.exitCode = 2
}
