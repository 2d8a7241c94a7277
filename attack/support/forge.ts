// Forges session tokens: with any header, any claims and any key.
import { createHmac, type KeyObject, randomUUID, sign } from 'node:crypto'
import { serviceKey } from './process.js'

export type Part = Record<string, unknown>

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')

export function partsOf(token: string): { header: Part; claims: Part; signature: string } {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Part
  return { header: read(header), claims: read(claims), signature }
}

/** A token of these parts, signed with ES256 under the service's own key, unless with another. */
export function forge(header: Part, claims: Part, key: KeyObject = serviceKey.privateKey): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** The same, with a signature of our choice or none. */
export const unsigned = (header: Part, claims: Part, signature = ''): string =>
  `${encode(header)}.${encode(claims)}.${signature}`

/** The same with an HMAC, which a careless verifier takes its public key for. */
export function hmacSigned(header: Part, claims: Part, secret: string): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** Parts with some members put in the place of their own; `undefined` takes one out. */
export const change = (part: Part, members: Part): Part =>
  JSON.parse(
    JSON.stringify({ ...part, ...members, ...('jti' in part && !('jti' in members) && { jti: randomUUID() }) }),
  )
