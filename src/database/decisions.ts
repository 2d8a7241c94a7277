// The typed calls of the decisions in prisma/functions: what arrives together goes out as one call (batches.ts), and each request gets
// its own answer once all of it is committed.
import { again, type Batches, createBatches } from './batches.js'
import type { Database } from './client.js'
import { isRefusedByPostgres } from './failures.js'

/** What every answer of a decision says. `again`: nothing was done, ask once more, alone. */
type AnswerRow<Outcome extends string> = Readonly<{ place: number; outcome: Outcome | 'again' }>

/** What a decision is given: members of its request type in SQL, in camel case. Bytes are `bytea`; what is left out is null. */
export type DecisionRequest = Readonly<Record<string, string | number | boolean | Uint8Array | null | undefined>>

export type DecisionOptions<Request, Answer> = Readonly<{
  database: Database
  /** of the function in prisma/functions, whose requests and answers have these members in snake case */
  name: string
  /** milliseconds of waiting that a request is worth (batches.ts) */
  worth?: number
  /** made anew for each call */
  settings: () => object
  /** what no two calls under way may share: an identifier, a user */
  keyOf: (request: Request) => string
  /** what is set aside for a call of these requests, where a decision uses up something */
  reserve?: (requests: readonly Request[]) => Promise<Reserved<Answer>>
}>

/** What a call may use up. */
export type Reserved<Answer> = Readonly<{
  /** further settings */
  settings: object
  /** told what came of the call: no answer has used anything where nothing was done; null where nobody knows */
  settle: (answers: readonly (Answer | AnswerRow<'again'>)[] | null) => void
}>

/**
 * A decision: give it a request, and get its answer. Rejects with PostgreSQL's error where it refused the request, and with the
 * connection's where nobody knows what became of it: then nothing is asked again, or a code is used up twice.
 */
export type Decision<Request, Answer> = (request: Request) => Promise<Answer>

export function createDecision<Request extends DecisionRequest, Answer extends Readonly<{ outcome: string }>>(
  options: DecisionOptions<Request, Answer>,
): Decision<Request, Answer> {
  const { database, name, settings, keyOf, reserve, worth } = options
  const text = `SELECT * FROM "${database.functionSchema}".${name}_batch($1, $2, $3, $4)`
  const batches: Batches<Request, Answer> = createBatches<Request, Answer>({
    name,
    watch: database.watch,
    ...(worth !== undefined && { worth }),
    keyOf,
    mayAskAgain: isRefusedByPostgres,
    async ask(requests, { isAlone, isRepeated }) {
      const reserved = await reserve?.(requests)
      const values = [
        JSON.stringify(requests, inSnakeCase),
        JSON.stringify({ ...settings(), ...reserved?.settings }, inSnakeCase),
        isAlone,
        isRepeated,
      ]
      const rows = await database
        .run<AnswerRow<Answer['outcome']>[]>({ name, text, values })
        .catch((error: unknown) => {
          // Where nobody knows what was done, all that was set aside counts as used.
          reserved?.settle(isRefusedByPostgres(error) ? [] : null)
          throw error
        })
      const answers: (Answer | typeof again)[] = new Array(requests.length)
      const given = rows.map((row) => inCamelCase(row) as unknown as Answer & AnswerRow<Answer['outcome']>)
      reserved?.settle(given)
      for (const answer of given) answers[answer.place - 1] = answer.outcome === 'again' ? again : answer
      return answers
    },
  })
  return batches.ask
}

/** Members in the words of SQL, and bytes in its notation. */
function inSnakeCase(_name: string, value: unknown): unknown {
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snake(name), member]))
}

function inCamelCase(row: object): object {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camel(name), value]))
}

/** Remembers what it made of a name: there are a few dozen, and each comes with every call. */
function remembered(make: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    const made = known.get(name) ?? make(name)
    known.set(name, made)
    return made
  }
}
const snake = remembered((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
const camel = remembered((name) => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()))
