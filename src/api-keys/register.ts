// Making API keys, listing them, taking them away: what admins and the command do. Whoever makes one sees it once; only its digest stays.
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { Problem } from '../errors.js'
import type { ApiKey as ApiKeyRow } from '../generated/prisma/client.js'
import { draftApiKey, type Scope } from '../sessions/api-keys.js'
import type { Act, UserActor } from '../users/acting.js'

/** A key as it is listed: without its digest, which is nobody's business. */
export type ListedApiKey = Omit<ApiKeyRow, 'tokenHash'>

export type ApiKeyDraft = Readonly<{
  /** what it is for */
  name: string
  scopes: readonly Scope[]
  /** days until it ends */
  days: number
}>

/** `next` is null at the end. */
export type ApiKeyPage = Readonly<{ keys: ListedApiKey[]; next: string | null }>

/** Days that a key lives at most, and where nobody says anything else: whoever forgets one has it for a year. */
export const longestLife = 730
export const usualLife = 365

const omit = { tokenHash: true } as const

export class ApiKeyRegister {
  readonly #database: Database
  readonly #act: Act

  constructor({ database, act }: { database: Database; act: Act }) {
    this.#database = database
    this.#act = act
  }

  /**
   * Makes a key.
   * @param actor null for the command
   * @returns its row, and the key itself, which nobody can tell again
   * @throws Problem those of `act`
   */
  create({ name, scopes, days }: ApiKeyDraft, actor: UserActor | null): Promise<{ key: ListedApiKey; token: string }> {
    return this.#act(actor, { isForAdmins: true }, async ({ transaction, now, record }) => {
      const { token, ...drafted } = draftApiKey()
      const asked = new Set(scopes)
      const key = await transaction.apiKey.create({
        data: {
          ...drafted,
          id: newId(),
          name,
          scopes: [...asked],
          createdBy: actor?.userId ?? null,
          createdAt: now,
          expiresAt: new Date(now.getTime() + days * 86_400_000),
        },
        omit,
      })
      await record({ event: 'authn_token_created', detail: `api key ${key.id}: ${key.scopes.join(' ')}` })
      return { key, token }
    })
  }

  /** Keys that are there, the newest first; one that has ended is among them until the cleanup comes. */
  async list(limit: number, after?: string): Promise<ApiKeyPage> {
    const found = await this.#database.apiKey.findMany({
      where: after === undefined ? {} : { id: { lt: after } },
      orderBy: { id: 'desc' },
      // One more than asked for tells whether there is more.
      take: limit + 1,
      omit,
    })
    const keys = found.slice(0, limit)
    return { keys, next: found.length > limit ? String(keys.at(-1)?.id) : null }
  }

  /**
   * Takes a key away; a call that it is in the middle of changes nothing any more, or is done.
   * @throws Problem `not_found`; those of `act`
   */
  remove(id: string, actor: UserActor | null): Promise<void> {
    return this.#act(actor, { isForAdmins: true }, async ({ transaction, record }) => {
      const { count } = await transaction.apiKey.deleteMany({ where: { id } })
      if (count === 0) throw new Problem('not_found')
      await record({ event: 'authn_token_revoked', detail: `api key ${id}` })
    })
  }
}
