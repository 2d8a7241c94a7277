// An application of another origin: it sends people to the sign-in page and takes them back by @latchkey/client.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { listen, projectDirectory } from './service.js'

export type Shop = { origin: string; serve: (service: string) => void; stop: () => Promise<void> }

/** `/` leads to the page, and is where people come back to; what it got stands in its body. */
const script = `
import { createClient, memoryStorage } from './index.js'
const client = createClient({ baseUrl: SERVICE, storage: memoryStorage() })
const say = (text) => { document.body.textContent = text }
try {
  const signedIn = await client.handleReturn()
  if (signedIn) {
    const me = await client.me()
    say(['signed in', signedIn.user.email, me.email, location.href, document.referrer || 'no referrer'].join(' | '))
  } else location.replace(await client.signInUrl({ returnTo: location.origin + '/?item=7' }))
} catch (error) { say('failed ' + error.code) }
`

/** On a host of its own, so that not even a cookie is shared. */
export async function startShop(): Promise<Shop> {
  const folder = join(projectDirectory, 'packages', 'client', 'src')
  let service = ''
  const bundled = async () => {
    const stdin = { contents: script, resolveDir: folder, loader: 'js' } as const
    const define = { SERVICE: JSON.stringify(service) }
    const { outputFiles } = await build({ stdin, define, bundle: true, format: 'esm', write: false, logLevel: 'error' })
    return outputFiles[0]?.text ?? ''
  }
  const server = createServer(async (request, answer) => {
    const isScript = request.url === '/shop.js'
    answer.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    const icon = '<link rel="icon" href="data:,">'
    answer.end(
      isScript ? await bundled() : `<!doctype html>${icon}<body></body><script type="module" src="/shop.js"></script>`,
    )
  })
  const { port, stop } = await listen(server)
  return { origin: `http://localhost:${port}`, serve: (origin) => (service = origin), stop }
}
