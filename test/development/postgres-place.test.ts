// Where the embedded server's files go when root runs it in a folder that its OS user can't enter.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { canEnter, serverAccount } from '../../src/development/postgres-account.js'
import { dataFolder } from '../../src/development/postgres-place.js'

const isRoot = process.getuid?.() === 0
// Not in this project's folder, which may be closed itself.
const root = await mkdtemp(join(tmpdir(), 'latchkey-place-'))
const project = join(root, 'closed', 'a project')
await mkdir(project, { recursive: true })
await chmod(root, 0o755)
t.teardown(() => rm(root, { recursive: true }))

t.test('as an ordinary user', async (t) => {
  t.equal(await dataFolder(project, undefined), join(project, '.data'), 'the project always')
})

t.test('as root', { skip: isRoot ? false : 'only root runs the server as another user' }, async (t) => {
  const account = await serverAccount()
  if (!account) throw new Error('root needs an account')
  t.not(account.uid, 0)
  t.equal(await dataFolder(project, account), join(project, '.data'), 'the project when the account can enter it')

  await chmod(join(project, '..'), 0o700)
  const folder = await dataFolder(project, account)
  t.teardown(() => rm(folder, { recursive: true }))
  t.notOk(folder.startsWith(project), 'elsewhere when it cannot')
  t.match(folder, /closed-a-project-[0-9a-f]{10}$/, 'named after the project')
  t.equal(await canEnter(account, folder), true)
  t.equal(await dataFolder(project, account), folder, 'the same place every time')

  const sibling = join(project, '..', 'a-project')
  await mkdir(sibling)
  const siblings = await dataFolder(sibling, account)
  t.teardown(() => rm(siblings, { recursive: true }))
  t.not(siblings, folder, 'and another one for another project')
})
