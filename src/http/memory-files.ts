// Files that are answered from memory, each by a route of its own: no path of a request is ever one of the disk, and none is opened for
// a request (one that is stays open for good where its reader goes before its turn: nodejs/node#62534, Node.js 20 and 22).
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { etagOf, matchesEtag } from './headers.js'

/** Media types of what pages are made of. */
export const mediaTypes = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
} as const

export type MemoryFile = Readonly<{ path: string; type: keyof typeof mediaTypes; body: Buffer }>

/** @param headersOf further headers: how long the file may be kept, and under which policy it is shown */
export function serveFromMemory(
  app: FastifyInstance,
  { path, type, body: bytes }: MemoryFile,
  headersOf: (request: FastifyRequest) => Record<string, string>,
): void {
  const compress = async () => {
    const zipped = await promisify(gzip)(bytes, { level: 9 })
    return { plain: { body: bytes, etag: etagOf(bytes) }, zipped: { body: zipped, etag: etagOf(zipped) } }
  }
  // At the first request: most services that have the page are never asked for it.
  let forms: ReturnType<typeof compress> | undefined
  app.get(path, { schema: { hide: true } }, async (request, reply) => {
    forms ??= compress()
    const { plain, zipped } = await forms
    const isZipped = type !== 'png' && new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip'
    const { body, etag } = isZipped ? zipped : plain
    // Also by Origin, as every answer: whether a page of another site may read it.
    reply.headers({ etag, vary: 'Origin, accept-encoding', ...headersOf(request) })
    if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
    if (isZipped) reply.header('content-encoding', 'gzip')
    return reply.type(mediaTypes[type]).send(body)
  })
}
