// better-auth as its documentation mounts it on Node: its own handler answers everything under /api/auth.
import { createServer } from 'node:http'
import { toNodeHandler } from 'better-auth/node'
import { auth, isReady, pool } from './better-auth.mjs'
import { stopOnSignal } from './stop.mjs'

const handle = toNodeHandler(auth)
const server = createServer((request, response) => {
  if (request.url !== '/ready') return handle(request, response)
  isReady().then(
    () => response.end('{"ready":true}'),
    () => response.writeHead(503).end(),
  )
})
stopOnSignal(async () => {
  server.closeAllConnections()
  await pool.end()
})
server.listen(Number(process.env.PORT), '127.0.0.1')
