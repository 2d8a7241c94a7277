// The guides hold the files of the examples, which CI runs: what somebody copies from a page is what was run.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { projectDirectory } from './support/project.js'

const guides = join(projectDirectory, 'docs/guides')

/** Where the files of a guide are, of those whose blocks name any. */
const folders: Record<string, string> = {
  'back-end.md': 'examples/backends',
  'discovery.md': 'examples/discovery',
  'embed.md': 'examples/embed',
  'mobile.md': 'examples/mobile',
  'moving.md': 'examples/moving',
  'nextjs.md': 'examples/nextjs',
  'react.md': 'examples/react',
  'spa.md': 'examples/spa',
}
/** Of a folder's files those that its guide does not show: they run the others. */
const behind = /(^|\/)(check|run)\.(mjs|py|go)$|\.mod$/

t.test('a block that names a file is that file, and no file is missing', async (t) => {
  for (const [guide, folder] of Object.entries(folders)) {
    const text = await readFile(join(guides, guide), 'utf8')
    const blocks = [...text.matchAll(/^```(\w+) (\S+)\n([\s\S]*?)^```$/gm)].filter(
      ([, , name]) => name !== 'background',
    )
    for (const [, , name = '', block] of blocks)
      t.equal(block, await readFile(join(projectDirectory, folder, name), 'utf8'), `${guide}: ${name}`)
    const entries = await readdir(join(projectDirectory, folder), { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile() && !/node_modules|__pycache__/.test(entry.parentPath))
      .map((entry) => join(entry.parentPath, entry.name).slice(join(projectDirectory, folder).length + 1))
    const shown = blocks.map(([, , name]) => name)
    t.strictSame(
      files.filter((file) => !behind.test(file) && !shown.includes(file)),
      [],
      `${guide} shows all of ${folder}`,
    )
  }
})
