// Bodies, queries and answers of the routes on API keys.
import { type Static, Type } from '@sinclair/typebox'
import type { ErrorCode } from '../errors.js'
import {
  errorResponses,
  listOf,
  NullableText,
  OneOf,
  one,
  Removed,
  signedInErrors,
  writingErrors,
} from '../http/responses.js'
import { anyCaseUuidPattern, uuidPattern } from '../http/uuid.js'
import { closed, errorLine } from '../http/validation.js'
import { scopes } from '../sessions/api-keys.js'
import { Text } from '../users/address.js'
import { type ListedApiKey, longestLife, usualLife } from './register.js'

const errors: readonly ErrorCode[] = [...signedInErrors, 'forbidden', 'step_up_required']

const id = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a20'
const Scopes = Type.Array(OneOf(scopes), {
  minItems: 1,
  maxItems: scopes.length,
  uniqueItems: true,
  description: 'What it may do; no scope brings another one along',
  examples: [['users:read']],
  [errorLine]: `scopes must be some of ${scopes.join(', ')}, each once`,
})

const members = {
  id: Type.String({ format: 'uuid', description: 'UUIDv7; the trail names it as the actor' }),
  name: Type.String({ description: 'What it is for' }),
  beginning: Type.String({ description: 'Its first characters, to know it again by' }),
  scopes: Type.Array(OneOf(scopes)),
  created_by: NullableText({ format: 'uuid', description: 'The admin who made it; null where the command did' }),
  created_at: Type.String({ format: 'date-time' }),
  expires_at: Type.String({ format: 'date-time', description: 'When it ends' }),
  last_used_at: NullableText({
    format: 'date-time',
    description: 'When it was last used, to five minutes; null before the first call',
  }),
}
export const ApiKeySchema = Type.Object(members, { title: 'ApiKey' })
const example = {
  id,
  name: 'Order service',
  beginning: 'lk_Zk3p',
  scopes: ['users:read'],
  created_by: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10',
  created_at: '2026-11-22T09:00:00.000Z',
  expires_at: '2027-11-22T09:00:00.000Z',
  last_used_at: null,
}

const NewApiKey = Type.Object(
  { ...members, key: Type.String({ description: 'The key itself: shown now, and never again' }) },
  { title: 'NewApiKey' },
)

export function serializeApiKey(key: ListedApiKey): Static<typeof ApiKeySchema> {
  const { id, name, beginning, createdBy, createdAt, expiresAt, lastUsedAt } = key
  return {
    ...{ id, name, beginning, scopes: key.scopes as Static<typeof ApiKeySchema>['scopes'], created_by: createdBy },
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
  }
}

export const createApiKey = {
  body: Type.Object(
    {
      name: Text('What the key is for', 'Order service'),
      scopes: Scopes,
      expires_in_days: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: longestLife,
          description: `Days until it ends: 1 to ${longestLife}, ${usualLife} where not given`,
          examples: [90],
          [errorLine]: `expires_in_days must be a whole number from 1 to ${longestLife}`,
        }),
      ),
    },
    { title: 'ApiKeyRequest', ...closed, examples: [{ name: 'Order service', scopes: ['users:read'] }] },
  ),
  response: {
    201: one(NewApiKey, 'The key: keep it where only its back end reads it', {
      ...example,
      key: 'lk_Zk3p0cV9m1Hq7uQe5y2XwB8nRt4LsGdJa6TiOvCbEfU',
    }),
    ...errorResponses(...errors, ...writingErrors),
  },
}

export const listApiKeys = {
  querystring: Type.Object(
    {
      limit: Type.Optional(
        Type.String({
          pattern: '^([1-9][0-9]?|100)$',
          description: 'Keys on a page: 1 to 100, 20 where not given',
          examples: ['20'],
          [errorLine]: 'limit must be a whole number from 1 to 100',
        }),
      ),
      cursor: Type.Optional(
        Type.String({
          pattern: uuidPattern,
          description: 'The `next_cursor` of the page before',
          examples: [id],
          [errorLine]: 'cursor must be the next_cursor of the page before',
        }),
      ),
    },
    closed,
  ),
  response: {
    200: listOf(ApiKeySchema, NullableText({ description: 'null at the end' }), 'A page of keys, the newest first', {
      success: true,
      data: [example],
      next_cursor: null,
    }),
    ...errorResponses(...errors),
  },
}

export const deleteApiKey = {
  params: Type.Object(
    { id: Type.String({ pattern: anyCaseUuidPattern, description: 'UUID of the key', examples: [id] }) },
    closed,
  ),
  response: {
    200: one(Removed, 'It opens nothing any more', { id }),
    ...errorResponses('not_found', ...errors, ...writingErrors),
  },
}
