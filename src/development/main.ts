// `npm run dev`: the service with all it needs, reloaded at every change; Ctrl-C stops all of it in order.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseCommandLineOrExit } from '../config/command-line.js'
import { loadEnvironmentFile } from '../config/environment-file.js'
import { prepareDevelopmentEnvironment } from './environment.js'
import { generateClient } from './generate-client.js'
import { addressFrom, bannerFor, ensurePortIsFree, waitUntilServing } from './readiness.js'
import { onEndRequest } from './signals.js'
import { startWatchedServer, type WatchedServer } from './watched-server.js'

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url))
parseCommandLineOrExit(
  {
    program: 'npm run dev --',
    summary: 'Runs the service with all it needs, and again after every change. Settings are those of .env.',
  },
  process.argv.slice(2),
)
const say = (line: string) => process.stdout.write(`${line}\n`)

let service: WatchedServer | undefined
let isEnding = false
const endRequested = new Promise<void>((resolve) => {
  onEndRequest((count) => {
    isEnding = true
    resolve()
    if (count === 2) service?.kill()
    if (count > 2) process.exit(130)
  })
})

async function develop(): Promise<number> {
  loadEnvironmentFile(join(projectDirectory, '.env'))
  const address = addressFrom(process.env)
  await ensurePortIsFree(address)
  const generation = generateClient(projectDirectory)
  // Awaited below; until then its failure must not count as unhandled.
  generation.catch(() => undefined)
  const prepared = await prepareDevelopmentEnvironment({ projectDirectory, onProgress: say })
  try {
    await generation
    return isEnding ? 0 : await serve(prepared.environment, address.port)
  } finally {
    await prepared.stop()
  }
}

async function serve(environment: Record<string, string>, port: number): Promise<number> {
  service = startWatchedServer(projectDirectory, environment)
  waitUntilServing(addressFrom(environment)).then(() => process.stdout.write(bannerFor(port)))
  const ending = await Promise.race([endRequested, service.ended])
  if (ending !== undefined) {
    process.stderr.write(`The service ended by itself (code ${ending}); see above.\n`)
    return 1
  }
  say('\nStopping…')
  await service.end()
  return 0
}

develop().then(
  (code) => process.exit(code),
  (error: Error) => {
    if (!isEnding) process.stderr.write(`npm run dev: ${error.message}\n`)
    process.exit(isEnding ? 0 : 1)
  },
)
