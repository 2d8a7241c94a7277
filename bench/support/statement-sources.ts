// Finds out where the values of a recorded statement come from, by comparing the same call made by several people.
import { createHash } from 'node:crypto'

/** A statement as the driver got it. */
export type SeenStatement = Readonly<{ text: string; values: readonly unknown[] }>

/** What is known of a call from outside: the identifier, its digests, the names in the token. */
export type Facts = Readonly<Record<string, unknown>>

export type Call = Readonly<{ seen: readonly SeenStatement[]; facts: Facts }>

/** Where a value comes from: always the same, a fact of the call, or something that the service makes up. */
export type Source =
  | Readonly<{ kind: 'constant'; value: unknown }>
  | Readonly<{ kind: 'bytes'; base64: string }>
  | Readonly<{ kind: 'fact'; name: string }>
  | Readonly<{ kind: 'invention'; what: Invention; name: string }>
  /** an array, here of one: the row of one call, which may be written with those of others */
  | Readonly<{ kind: 'list'; of: Source }>
  /** the text of JSON, as decisions are asked */
  | Readonly<{ kind: 'json'; of: Source }>
  | Readonly<{ kind: 'object'; members: Readonly<Record<string, Source>> }>
  /** bytes in the notation of SQL, `\\x…` */
  | Readonly<{ kind: 'hex'; of: Source }>

type Invention = 'id' | 'digest' | 'shard' | 'time'

export type RecordedStatement = Readonly<{ name: string; text: string; sources: readonly Source[] }>

const uuidPattern = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/
const timePattern = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/

const looksLike: Readonly<Record<Invention, (value: unknown) => boolean>> = {
  id: (value) => typeof value === 'string' && uuidPattern.test(value),
  digest: (value) => value instanceof Uint8Array && value.length === 32,
  shard: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 16,
  time: (value) => typeof value === 'string' && timePattern.test(value),
}

/**
 * The statements of a call, with the source of every value.
 * @param calls the same call made by different people, three times at least
 * @throws Error where they differ in more than their values, use a transaction, or hold a value of unknown origin: the ceiling
 * would then not do what the service does
 */
export function statementsOf(calls: readonly Call[]): RecordedStatement[] {
  const [first] = calls
  if (first === undefined) throw new Error('nothing was recorded')
  const textOf = ({ seen }: Call) => seen.map(({ text }) => text).join(';\n')
  const different = calls.find((call) => textOf(call) !== textOf(first))
  if (different) throw new Error(`the same call asks different things:\n${textOf(first)}\n---\n${textOf(different)}`)
  if (/^(BEGIN|COMMIT)/im.test(textOf(first))) throw new Error('a call of the service uses a transaction')

  // What is the same in every call has one name: an id that two statements share is shared by the ceiling's too.
  const inventions = new Map<string, Source>()
  return first.seen.map(({ text, values }, index) => ({
    name: createHash('sha256').update(text).digest('base64url'),
    text,
    sources: values.map((_value, slot) => {
      const versions = calls.map(({ seen }) => seen[index]?.values[slot])
      const source = sourceOf(versions, calls, inventions)
      if (source === null) throw new Error(`where does $${slot + 1} come from (${JSON.stringify(versions)}) in ${text}`)
      return source
    }),
  }))
}

function sourceOf(
  versions: readonly unknown[],
  calls: readonly Call[],
  inventions: Map<string, Source>,
): Source | null {
  if (versions.every((version) => Array.isArray(version) && version.length === 1)) {
    const of = sourceOf(versions.flat(), calls, inventions)
    return of && { kind: 'list', of }
  }
  return (
    constantOf(versions) ??
    factOf(versions, calls) ??
    inventionOf(versions, inventions) ??
    partsOf(versions, (parts) => sourceOf(parts, calls, inventions))
  )
}

/** Of a value that is made of others. */
function partsOf(versions: readonly unknown[], sourceOf: (parts: readonly unknown[]) => Source | null): Source | null {
  if (versions.every((version) => typeof version === 'string' && /^[[{]/.test(version))) {
    const of = sourceOf(versions.map((version) => JSON.parse(String(version))))
    return of && { kind: 'json', of }
  }
  if (versions.every((version) => typeof version === 'string' && /^\\x[0-9a-f]*$/.test(version))) {
    const of = sourceOf(versions.map((version) => Buffer.from(String(version).slice(2), 'hex')))
    return of && { kind: 'hex', of }
  }
  if (!versions.every((version) => typeof version === 'object' && version !== null && !Array.isArray(version)))
    return null
  const members: Record<string, Source> = {}
  for (const name of Object.keys(Object(versions[0]))) {
    const of = sourceOf(versions.map((version) => Reflect.get(Object(version), name)))
    if (of === null) throw new Error(`where does ${name} come from (${JSON.stringify(versions)})`)
    members[name] = of
  }
  return { kind: 'object', members }
}

function constantOf(versions: readonly unknown[]): Source | null {
  const [value] = versions
  if (versions.some((version) => keyOf(version) !== keyOf(value))) return null
  if (value instanceof Uint8Array) return { kind: 'bytes', base64: Buffer.from(value).toString('base64') }
  return { kind: 'constant', value }
}

function factOf(versions: readonly unknown[], calls: readonly Call[]): Source | null {
  const names = Object.keys(calls[0]?.facts ?? {})
  const name = names.find((name) => calls.every(({ facts }, call) => keyOf(facts[name]) === keyOf(versions[call])))
  return name === undefined ? null : { kind: 'fact', name }
}

function inventionOf(versions: readonly unknown[], known: Map<string, Source>): Source | null {
  const key = versions.map(keyOf).join()
  const what = (Object.keys(looksLike) as Invention[]).find((kind) => versions.every(looksLike[kind]))
  if (what === undefined) return null
  const source = known.get(key) ?? { kind: 'invention', what, name: `${what} ${known.size + 1}` }
  known.set(key, source)
  return source
}

function keyOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value)
}
