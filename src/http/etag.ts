// Entity tags of what is made once and asked for often.
import { createHash } from 'node:crypto'

/** A strong entity tag (RFC 9110 §8.8.3) of these bytes. */
export function etagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}

/** Whether a client has what the tag names (RFC 9110 §13.1.2): any of a list, weak or strong, or `*`. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
