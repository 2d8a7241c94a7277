// When the service can take requests, and what to tell the developer then.
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMilliseconds = 250
// A service whose starter was killed is about to end as well.
const endingMilliseconds = 2_000

export type Address = { host: string; port: number }

/** Where the service will listen, by the same defaults as its own in development. */
export function addressFrom(environment: NodeJS.ProcessEnv): Address {
  return { host: environment['HOST'] || '127.0.0.1', port: Number(environment['PORT'] || 3000) }
}

/** Rejects with one line when something else listens on the address, and goes on doing so for two seconds. */
export async function ensurePortIsFree(address: Address): Promise<void> {
  const deadline = Date.now() + endingMilliseconds
  for (;;) {
    const error = await tryToListen(address)
    if (!error) return
    const isTaken = error.code === 'EADDRINUSE'
    if (!isTaken) throw error
    if (Date.now() > deadline) {
      throw new Error(`port ${address.port} is in use: end what listens there, or set PORT`)
    }
    await sleep(pollMilliseconds)
  }
}

/** Resolves when the service says it is ready. Waits forever: code that doesn't start yet may be mended and reloaded. */
export async function waitUntilServing({ host, port }: Address): Promise<void> {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/health/ready`
  const isReady = async () => {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  }
  while (!(await isReady().catch(() => false))) await sleep(pollMilliseconds)
}

/** Of the pages, as a browser on this machine names it. */
export const originFor = (port: number) => new URL(`http://localhost:${port}`).origin

/** What is printed once, when the service is ready for the first time. */
export function bannerFor(port: number): string {
  const origin = originFor(port)
  const body = `'{"mobile_number":"9876543210"}'`
  return [
    '',
    '  Latchkey is ready.',
    `    Sign in   ${origin}/sign-in`,
    `    API docs  ${origin}/docs`,
    `    Try it    curl -X POST ${origin}/api/auth/send-otp -H 'content-type: application/json' -d ${body}`,
    '    Ctrl-C stops it.',
    '',
    '',
  ].join('\n')
}

function tryToListen({ host, port }: Address): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen(port, host, () => probe.close(() => resolve(undefined)))
  })
}
