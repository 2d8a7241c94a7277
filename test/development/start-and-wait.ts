// A process for tests to kill: starts a server of the given project and name, tells its parent, and waits.
import { startPostgresServer } from '../../src/development/postgres-server.js'

const [projectDirectory = '', name = ''] = process.argv.slice(2)
const tell = (message: unknown) => process.send?.(message)

const { adminUrl } = await startPostgresServer({
  projectDirectory,
  name,
  settings: { fsync: 'off' },
  onProgress: () => tell({ creating: true }),
})
tell({ adminUrl })
setInterval(() => undefined, 60_000)
