// A page with the element in front of the service, on one origin, with the strict policy of the hosted page. `/element?config={…}` is
// it, `/element?bare` one that says no language; the bundle is that of src/generated/page/; everything else is the service's.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { listen, projectDirectory } from './service.js'

const pageFolder = join(projectDirectory, 'src', 'generated', 'page')
export const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
}

/** Starts it before the service at this origin. Answers its own origin, and what stops it. */
export async function startFront(service: string): Promise<{ origin: string; stop: () => Promise<void> }> {
  const server = createServer((incoming, answer) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', service)
    const asset = /^\/sign-in\/assets\/([\w.-]+)$/.exec(pathname)?.[1]
    if (pathname === '/element') send(answer, 'text/html; charset=utf-8', page(searchParams))
    else if (pathname === '/favicon.ico') send(answer, 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>')
    else if (asset && existsSync(join(pageFolder, asset))) void sendFile(answer, asset)
    else passOn(service, incoming, answer)
  })
  const { port, stop } = await listen(server)
  return { origin: `http://127.0.0.1:${port}`, stop }
}

function page(search: URLSearchParams): string {
  const config = JSON.parse(search.get('config') ?? '{}')
  const lang = search.has('bare') ? '' : ` lang="${config.language ?? 'en'}"`
  const data = JSON.stringify(config).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html${lang}${config.theme ? ` data-theme="${config.theme}"` : ''}>
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sign in</title>
    <link rel="stylesheet" href="/sign-in/assets/sign-in.css">
    <script type="application/json" id="latchkey-config">${data}</script>
    <script type="module" src="/sign-in/assets/sign-in.js"></script>
  </head>
  <body>
    <main id="latchkey"></main>
  </body>
</html>
`
}

function send(answer: ServerResponse, type: string, body: string | Buffer): void {
  answer.writeHead(200, {
    'content-type': type,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
  })
  answer.end(body)
}

async function sendFile(answer: ServerResponse, name: string): Promise<void> {
  send(
    answer,
    types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    await readFile(join(pageFolder, name)),
  )
}

/** The service sees the browser's own headers, Host and Origin included: to it, this is its own origin. */
function passOn(service: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const options = { method: incoming.method ?? 'GET', headers: incoming.headers }
  const outgoing = request(new URL(incoming.url ?? '/', service), options, (received) => {
    answer.writeHead(received.statusCode ?? 502, received.headers)
    received.pipe(answer)
  })
  outgoing.on('error', () => answer.destroy())
  incoming.pipe(outgoing)
}

/** A proxy before the service at this origin that takes the prefix off. All else is 404. */
export async function startPrefix(
  service: string,
  prefix: string,
): Promise<{ origin: string; stop: () => Promise<void> }> {
  const server = createServer((incoming, answer) => {
    const { url = '' } = incoming
    if (!url.startsWith(`${prefix}/`)) return void answer.writeHead(404).end()
    incoming.url = url.slice(prefix.length)
    passOn(service, incoming, answer)
  })
  const { port, stop } = await listen(server)
  return { origin: `http://127.0.0.1:${port}`, stop }
}
