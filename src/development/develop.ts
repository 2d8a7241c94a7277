// The service with all it needs, for trying and developing: an embedded database, secrets, and the service as a process of its own.
import { join } from 'node:path'
import { loadEnvironmentFile } from '../config/environment-file.js'
import { prepareDevelopmentEnvironment } from './environment.js'
import { generateClient } from './generate-client.js'
import { addressFrom, bannerFor, ensurePortIsFree, waitUntilServing } from './readiness.js'
import { type RunningServer, startServer } from './running-server.js'
import { onEndRequest } from './signals.js'

export type DevelopOptions = Readonly<{
  /** where `.env` and `.data` are */
  projectDirectory: string
  /** whether it runs as it is written and starts again after every change: in the repository */
  isWatched: boolean
}>

const say = (line: string) => process.stdout.write(`${line}\n`)

/** Runs until Ctrl-C, and stops everything in order; returns the exit code. Rejects with one line where it cannot start. */
export async function develop({ projectDirectory, isWatched }: DevelopOptions): Promise<number> {
  let service: RunningServer | undefined
  let isEnding = false
  const endRequested = new Promise<void>((resolve) => {
    onEndRequest((count) => {
      isEnding = true
      resolve()
      if (count === 2) service?.kill()
      if (count > 2) process.exit(130)
    })
  })

  async function serve(environment: Record<string, string>, port: number): Promise<number> {
    service = await startServer({ projectDirectory, environment, isWatched })
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

  loadEnvironmentFile(join(projectDirectory, '.env'))
  const address = addressFrom(process.env)
  await ensurePortIsFree(address)
  const generation = isWatched ? generateClient(projectDirectory) : Promise.resolve()
  // Awaited below; until then its failure must not count as unhandled.
  generation.catch(() => undefined)
  const prepared = await prepareDevelopmentEnvironment({ projectDirectory, onProgress: say })
  try {
    await generation
    return isEnding ? 0 : await serve(prepared.environment, address.port)
  } catch (error) {
    if (isEnding) return 0
    throw error
  } finally {
    await prepared.stop()
  }
}
