// API keys from the command line: `latchkey api-keys create|list|revoke`, for the first one above all.
import { ApiKeyRegister, type ListedApiKey, longestLife } from '../api-keys/register.js'
import { UsageError, wholeNumber } from '../config/command-line.js'
import { parseDatabaseSettings } from '../config/config.js'
import { Problem } from '../errors.js'
import { anyCaseUuidPattern } from '../http/uuid.js'
import { isVisible } from '../reading.js'
import { scopes as everyScope, type Scope } from '../sessions/api-keys.js'
import { createAct } from '../users/acting.js'
import { type CommandContext, defineCommand, type WorkContext } from './command.js'
import { withDatabase } from './command-database.js'
import { apiKeysCreate, apiKeysList, apiKeysRevoke } from './declarations-api-keys.js'
import { operator, rowOf } from './people.js'

export const createCommand = defineCommand(apiKeysCreate, create)
export const listCommand = defineCommand(apiKeysList, list)
export const revokeCommand = defineCommand(apiKeysRevoke, revoke)

function withRegister<Result>(
  environment: CommandContext['environment'],
  work: (register: ApiKeyRegister) => Promise<Result>,
): Promise<Result> {
  return withDatabase(parseDatabaseSettings(environment), (database) =>
    work(new ApiKeyRegister({ database, act: createAct({ database }) })),
  )
}

/** @throws UsageError for what the API would not take either (api-keys/api-key-schemas.ts) */
function nameOf(text = ''): string {
  const name = text.trim()
  if (isVisible(name) && /^\P{Cc}{1,200}$/u.test(name)) return name
  throw new UsageError('--name must be 1 to 200 characters on one line')
}

/** @throws UsageError */
function scopesOf(text = ''): Scope[] {
  const named = text.split(',').map((item) => item.trim())
  const known = everyScope.filter((scope) => named.includes(scope))
  if (known.length === named.length) return known
  throw new UsageError(`--scopes must be some of ${everyScope.join(',')}, each once`)
}

async function create({ values, environment, answer }: WorkContext<typeof apiKeysCreate.options>): Promise<number> {
  const draft = {
    name: nameOf(values.name),
    scopes: scopesOf(values.scopes),
    days: wholeNumber('--days', values.days, 1, longestLife),
  }
  return withRegister(environment, async (register) => {
    const { key, token } = await register.create(draft, operator)
    answer({ ...key, key: token }, [
      token,
      `${rowOf(key.id, key.name)}, until ${timeOf(key.expiresAt)}; shown this once`,
    ])
    return 0
  })
}

const timeOf = (time: Date) => time.toISOString()

function lineOf({ id, beginning, name, scopes, expiresAt, lastUsedAt }: ListedApiKey): string {
  const used = lastUsedAt === null ? 'never used' : `used ${timeOf(lastUsedAt)}`
  return rowOf(id, `${beginning}…`, name, scopes.join(','), `until ${timeOf(expiresAt)}`, used)
}

async function list({ values, environment, answer }: WorkContext<typeof apiKeysList.options>): Promise<number> {
  const limit = wholeNumber('--limit', values.limit, 1, 1000)
  const { cursor } = values
  if (cursor !== undefined) checkId('--cursor', cursor)
  return withRegister(environment, async (register) => {
    const { keys, next } = await register.list(limit, cursor)
    const more = next === null ? [] : [`More: --cursor ${next}`]
    answer({ keys, nextCursor: next }, keys.length === 0 ? ['There is no API key'] : [...keys.map(lineOf), ...more])
    return 0
  })
}

async function revoke({ words, environment, answer }: WorkContext<typeof apiKeysRevoke.options>): Promise<number> {
  const id = String(words[0]).toLowerCase()
  checkId('ID', id)
  return withRegister(environment, async (register) => {
    await register.remove(id, operator).catch((error: unknown) => {
      throw error instanceof Problem ? new Error(`There is no API key ${id}`) : error
    })
    answer({ id, revoked: true }, [`${id} opens nothing any more`])
    return 0
  })
}

/** @throws UsageError */
function checkId(name: string, text: string): void {
  if (!new RegExp(anyCaseUuidPattern).test(text)) throw new UsageError(`${name} must be the id of an API key`)
}
