// API keys: what a back end of the product shows in place of a person's session. What each may do stands on the routes, as a scope.
import { hash, randomBytes } from 'node:crypto'
import { asynchronousCommit } from '../database/asynchronous-commit.js'
import type { Database } from '../database/client.js'
import { Prisma } from '../generated/prisma/client.js'

/** What a key may do; the check on its column names the same. */
export const scopes = ['users:read', 'users:write', 'sessions:read', 'sessions:write', 'events:read'] as const
export type Scope = (typeof scopes)[number]

/** A key as requests come by it. */
export type ApiKey = Readonly<{ id: string; scopes: readonly Scope[] }>

/** By which people, logs that are searched for secrets, and we know a key from a token of a session, which begins with `eyJ`. */
const prefix = 'lk_'
/** 256 bits in base64url. */
const shape = /^lk_[\w-]{43}$/
/** Characters of a key that are stored as they are: enough to know it again, 24 bits of 256. */
const shown = 7
/** Seconds between two writes of "last used": a key in constant use is written once in five minutes. */
const touchInterval = 300

/** Whether a Bearer token is meant as an API key, good or not. */
export function isApiKey(token: string): boolean {
  return token.startsWith(prefix)
}

/** What a back end hears whose key opens nothing, not at all or not any more: nobody there could sign in. */
export const keyIsNone = {
  invalidToken: true,
  errors: ['This API key is not known, has ended or was revoked'],
} as const

/** What it hears where no key lets it in. */
export const notForKeys = { invalidToken: true, errors: ['No API key may ask for this: sign in'] } as const

/** SHA-256 is enough for 256 random bits. */
function hashOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', token, 'buffer'))
}

/** A new key: the token for whoever asked for it, the rest for its row. */
export function draftApiKey() {
  const token = `${prefix}${randomBytes(32).toString('base64url')}`
  return { token, tokenHash: hashOf(token), beginning: token.slice(0, shown) }
}

export class ApiKeys {
  readonly #database: Database

  constructor({ database }: { database: Database }) {
    this.#database = database
  }

  /**
   * The key that a token is, or null where there is none that has not ended. It is looked up by its digest: how long the index takes tells
   * of the digest of what came, which its sender knows, and nothing of those that are there.
   */
  async find(token: string): Promise<ApiKey | null> {
    if (!shape.test(token)) return null
    const [row] = await this.#database.$queryRaw<(ApiKey & { isStale: boolean })[]>(findApiKeyStatement(hashOf(token)))
    if (row === undefined) return null
    const { isStale, ...key } = row
    if (isStale) await this.#database.$executeRaw(touchStatement(key.id))
    return key
  }
}

/** A key by its digest: raw, since the database's clock decides when one is over. */
export function findApiKeyStatement(tokenHash: Uint8Array<ArrayBuffer>): Prisma.Sql {
  return Prisma.sql`
    SELECT k.id, k.scopes, coalesce(k.last_used_at <= now() - make_interval(secs => ${touchInterval}), true) AS "isStale"
    FROM api_keys k WHERE k.token_hash = ${tokenHash} AND k.expires_at > now()`
}

/** Notes that a key is in use; whoever asks does not wait for the disk. */
function touchStatement(id: string): Prisma.Sql {
  return Prisma.sql`
    UPDATE api_keys SET last_used_at = now() FROM ${asynchronousCommit}
    WHERE id = ${id}::uuid AND coalesce(last_used_at <= now() - make_interval(secs => ${touchInterval}), true)`
}
