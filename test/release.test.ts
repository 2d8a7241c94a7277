// What a release takes of the CHANGELOG, and what it refuses.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { projectUrl } from './support/project.js'

type Release = {
  sectionOf: (changelog: string, version: string) => string
  otherVersions: (version: string, manifests: Record<string, { version: string }>) => string[]
}
const script = new URL('scripts/release.mjs', projectUrl)
const { sectionOf, otherVersions } = (await import(script.href)) as Release

t.test('the section of a version, and nothing of its neighbours', async (t) => {
  const changelog =
    '# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.3 - 2027-01-31\n\n### Added\n\n- this\n\n## 1.2.30\n\n- that\n\n## 1.2.4 - 2027-02-01\n'
  t.equal(sectionOf(changelog, '1.2.3'), '### Added\n\n- this')
  t.throws(() => sectionOf(changelog, '1.2.5'), /no section 1\.2\.5/)
  t.throws(() => sectionOf(changelog, '1.2.30'), /lacks its date/)
  t.throws(() => sectionOf(changelog, '1.2.4'), /says nothing of 1\.2\.4/)
})

t.test('every version is that of the tag', async (t) => {
  const manifests = { 'package.json': { version: '1.2.3' }, 'packages/client/package.json': { version: '1.2.2' } }
  t.strictSame(otherVersions('1.2.3', manifests), ['packages/client/package.json is of 1.2.2'])
})

t.test('what is typed', async (t) => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [fileURLToPath(script), ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    })
  t.match(run('notes', 'v99.0.0'), { status: 1, stdout: '', stderr: /no section 99\.0\.0/ })
  for (const words of [[], ['notes'], ['notes', '1.2.3'], ['publish', 'v1.2'], ['notes', 'v1.2.3', 'more']]) {
    t.match(
      run(...words),
      { status: 2, stdout: '', stderr: /--help (explains them|lists what there is)/ },
      words.join(' '),
    )
  }
})
