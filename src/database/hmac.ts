// What the database may know of something personal that it only has to recognise again: a digest under EVENT_KEY, which stays what it is
// when the pepper of codes is replaced (docs/decisions/0020).
import { createHmac } from 'node:crypto'

/**
 * HMAC-SHA-256 of a text, of no use in another `domain`. A bare hash would not do: addresses and numbers can be searched.
 * @param domain what the digest is for, such as `ip:v1`
 */
export function hmac(eventKey: string, domain: string, text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac('sha256', eventKey).update(`${domain}\0${text}`).digest())
}
