// What the database may know of something personal that it only has to recognise again: a digest under the pepper.
import { createHmac } from 'node:crypto'

/**
 * HMAC-SHA-256 of a text, of no use in another `domain`. A bare hash would not do: addresses and numbers can be searched.
 * @param domain what the digest is for, such as `ip:v1`
 */
export function keyedDigest(pepper: string, domain: string, text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac('sha256', pepper).update(`${domain}\0${text}`).digest())
}
