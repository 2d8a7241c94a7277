// Schemas as the OpenAPI document shows them: without what only our validator reads, and each named one once, under its name.
import { type Base, eitherKeyword, extendsKeyword, type Ways } from '../../http/document-keywords.js'
import { digits, errorLine } from '../../http/validation.js'

export type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A schema of the routes as plain JSON: TypeBox keeps more in its objects. */
export const plain = (schema: unknown): Json => Object(JSON.parse(JSON.stringify(schema ?? {})))

const without = (schema: Json, ...keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))

const only = (schema: Json, keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => keys.includes(key)))

const namesIn = (value: unknown) => (value ?? []) as readonly string[]
const mapValues = (object: unknown, map: (value: Json) => unknown) =>
  Object.fromEntries(Object.entries(Object(object)).map(([key, value]) => [key, map(value as Json)]))

/** An object of the members of another one whose names pass, required where they were. */
function part(schema: Json, isIn: (name: string) => boolean): Json {
  const required = namesIn(schema['required']).filter(isIn)
  return {
    type: 'object',
    properties: only(Object(schema['properties']), Object.keys(Object(schema['properties'])).filter(isIn)),
    ...(required.length > 0 && { required }),
  }
}

/** What a body may leave out may be null in it (src/http/nulls.ts). */
export function withNulls(schema: Json): Json {
  const required = namesIn(schema['required'])
  const { properties } = schema
  if (!isObject(properties)) return schema
  const members = Object.entries(properties).map(([name, member]) => [
    name,
    required.includes(name) ? member : orNull(member as Json),
  ])
  return { ...schema, properties: Object.fromEntries(members) }
}

function orNull(member: Json): Json {
  if (Array.isArray(member['anyOf'])) return { ...member, anyOf: [...member['anyOf'], { type: 'null' }] }
  const { enum: values } = member
  return { ...member, type: [member['type'], 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) }
}

export class Schemas {
  readonly #named = new Map<string, Json>()
  readonly #shared: ReadonlySet<string>

  /** @param shared those that routes refer to by their `$id` */
  constructor(shared: Readonly<Record<string, unknown>>) {
    this.#shared = new Set(Object.keys(shared))
    for (const [name, schema] of Object.entries(shared)) this.#name(name, this.shown(without(plain(schema), '$id')))
  }

  /** All that have a name, in the order of the alphabet. */
  get all(): Json {
    return Object.fromEntries([...this.#named].sort(([one], [other]) => (one < other ? -1 : 1)))
  }

  /**
   * A schema as the document shows it; one with a title is kept under it, and shown as a reference.
   * @throws Error where two different ones have one title
   */
  shown(schema: Json): Json {
    if (typeof schema['$ref'] === 'string') return { $ref: `#/components/schemas/${schema['$ref']}` }
    const { title } = schema
    const shown = this.#content(without(schema, 'title'), String(title))
    return title === undefined ? shown : this.#name(String(title), shown)
  }

  #name(name: string, schema: Json): Json {
    const known = this.#named.get(name)
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`two different schemas have the title ${name}`)
    }
    this.#named.set(name, schema)
    return { $ref: `#/components/schemas/${name}` }
  }

  #content(schema: Json, title: string): Json {
    const ways = schema[eitherKeyword]
    if (ways !== undefined) return this.#either(without(schema, eitherKeyword), title, ways as Ways)
    const base = schema[extendsKeyword]
    if (base !== undefined) return this.#extending(schema, base as Base)
    const { properties, items, anyOf, patternProperties, format } = schema
    const shown = without(
      schema,
      errorLine,
      digits,
      'patternProperties',
      'anyOf',
      ...(format === 'text' ? ['format'] : []),
    )
    return {
      ...shown,
      ...(isObject(properties) && { properties: mapValues(properties, (each) => this.shown(each)) }),
      ...(isObject(items) && { items: this.shown(items) }),
      // Every name goes: what TypeBox writes for a record, in the words that generators know.
      ...(isObject(patternProperties) && { additionalProperties: Object.values(patternProperties)[0] }),
      ...(Array.isArray(anyOf) && {
        [excludeEachOther(anyOf) ? 'oneOf' : 'anyOf']: anyOf.map((each) => this.shown(each)),
      }),
    }
  }

  /** One schema for each way, with the members of all ways and those of this one, which are required. */
  #either(schema: Json, title: string, ways: Ways): Json {
    const ofSome = Object.values(ways).flat()
    const oneOf = Object.entries(ways).map(([end, names]) => {
      const { properties, required } = part(schema, (name) => names.includes(name) || !ofSome.includes(name))
      const members = mapValues(properties, (each) => each)
      for (const name of names) members[name] = notNull(members[name] as Json)
      return this.shown({
        ...without(schema, 'description'),
        title: `${title}${end}`,
        properties: members,
        required: [...names, ...namesIn(required)],
      })
    })
    return { ...only(schema, ['description']), oneOf }
  }

  #extending(schema: Json, { name, members }: Base): Json {
    const isOfBase = (member: string) => members.includes(member)
    if (!this.#shared.has(name)) this.#name(name, this.#content(part(schema, isOfBase), name))
    const own = this.#content(
      part(schema, (member) => !isOfBase(member)),
      name,
    )
    return { ...only(schema, ['description']), allOf: [{ $ref: `#/components/schemas/${name}` }, own] }
  }
}

function notNull(member: Json): Json {
  return { ...member, type: [member['type']].flat()[0] }
}

/** Whether each has a member that is one value: ours have another value then. */
function excludeEachOther(schemas: readonly Json[]): boolean {
  return schemas.every(({ properties }) => Object.values(Object(properties)).some((each) => 'const' in Object(each)))
}
