// `latchkey openapi`: the document as it is committed, printed or written.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCommand } from '../support/command.js'

t.test('the document', async (t) => {
  const committed = readFileSync('openapi.json', 'utf8')
  t.strictSame(await runCommand(['openapi']), { code: 0, output: [committed.trimEnd()], errors: [] })
  const file = join(t.testdir({}), 'openapi.json')
  t.strictSame(await runCommand(['openapi', '--output', file]), { code: 0, output: [], errors: [`wrote ${file}`] })
  t.equal(readFileSync(file, 'utf8'), committed)
  t.match(await runCommand(['openapi', '--output', file]), {
    code: 1,
    errors: [/is there already; --force replaces it$/],
  })
  t.equal((await runCommand(['openapi', '--output', file, '--force'])).code, 0)
})
