// Reading cookies of which several may have one name.
import type { FastifyRequest } from 'fastify'

/**
 * What a request's cookies of a name say, in the order in which they came. A browser sends several of one name where they have
 * different paths or domains (RFC 6265 §5.4); `request.cookies` has the first one alone.
 */
export function cookiesOf(request: FastifyRequest, name: string): string[] {
  const header = request.headers.cookie ?? ''
  const isThereOnce = header.indexOf(name) === header.lastIndexOf(name)
  // By the reader that fills `request.cookies`, so that nothing is one of our cookies here and none to the same-origin rule.
  const cookies = isThereOnce ? [request.cookies] : header.split(';').map((part) => request.server.parseCookie(part))
  return cookies.flatMap((each) => each[name] ?? [])
}
