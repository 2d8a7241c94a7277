// Files that commands write: whole or not at all, in the place of plain files alone, and of none unasked.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { writeOut } from '../../src/cli/output-file.js'

const options = { force: false, mode: 0o600 }
const forced = { force: true, mode: 0o600 }

t.test('what fails halfway leaves nothing, and what was there as it was', async (t) => {
  const folder = t.testdir({ old: 'old' })
  for (const name of ['old', 'new']) {
    const writing = writeOut(join(folder, name), forced, async (file) => {
      await file.appendFile('half')
      throw new Error('the database is gone')
    })
    await t.rejects(writing, /the database is gone/)
  }
  t.strictSame(readdirSync(folder), ['old'])
  t.equal(readFileSync(join(folder, 'old'), 'utf8'), 'old')
})

t.test('what comes meanwhile is not replaced unasked', async (t) => {
  const folder = t.testdir({})
  const path = join(folder, 'new')
  const write = (text: string) =>
    writeOut(path, options, async (file) => {
      if (text === 'mine') writeFileSync(path, 'theirs')
      await file.appendFile(text)
    })
  await t.rejects(write('mine'), /new is there already; --force replaces it$/)
  t.equal(readFileSync(path, 'utf8'), 'theirs')
  await t.rejects(
    writeOut(join(path, 'none'), options, async () => {}),
    { code: 'ENOTDIR' },
  )
  const lost = writeOut(`${path}.lost`, options, async () => {
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.part'))) rmSync(join(folder, name))
  })
  await t.rejects(lost, { code: 'ENOENT' })
})

t.test('links, folders and devices are never replaced', async (t) => {
  const folder = t.testdir({ target: 'kept', folder: {} })
  symlinkSync(join(folder, 'target'), join(folder, 'link'))
  symlinkSync('/dev/null', join(folder, 'device'))
  for (const path of [...['link', 'device', 'folder'].map((name) => join(folder, name)), '/dev/null'])
    await t.rejects(
      writeOut(path, forced, async () => t.fail('it is opened')),
      /no plain file: it is not replaced$/,
    )
  t.equal(readFileSync(join(folder, 'target'), 'utf8'), 'kept')
})

t.test('its mode is as asked, whatever the umask, before anything is in it', async (t) => {
  const folder = t.testdir({})
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  const mode = await writeOut(
    join(folder, 'open'),
    { force: false, mode: 0o644 },
    async (file) => (await file.stat()).mode,
  )
  t.equal(mode & 0o777, 0o644)
  t.equal(statSync(join(folder, 'open')).mode & 0o777, 0o644)
})

t.test('who ends it leaves nothing either', async (t) => {
  const folder = t.testdir({})
  const module = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'cli', 'output-file.js'))
  const script = `
    import { writeOut } from '${module}'
    const hangs = (file) => file.appendFile('half').then(() => { console.log('begun'); return new Promise(() => setTimeout(() => {}, 60_000)) })
    await writeOut('${join(folder, 'users')}', { force: false, mode: 0o600 }, hangs)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  t.equal(readdirSync(folder).length, 1)
  child.kill('SIGINT')
  t.strictSame(await once(child, 'exit'), [130, null])
  t.strictSame(readdirSync(folder), [])
})
