// How bodies, queries and parameters are held against their schemas, and what people read when they do not fit.
import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify'
import { type FieldFault, Problem, pointerTo } from '../errors.js'
import { isVisible, readCode } from '../reading.js'
import { eitherKeyword } from './document-keywords.js'
import { anyCaseUuidPattern, uuidPattern } from './uuid.js'

/**
 * The schema keyword for the line that a person reads when a field is missing or wrong, where the standard lines would not do.
 */
export const errorLine = 'x-error'

/** Of an object whose schema names all that it may hold. */
export const closed = { additionalProperties: false } as const

/**
 * The schema keyword for a text of so many digits, as people type and paste one. It is read where it is checked: the body then has the
 * digits alone, in ASCII. No `pattern`: what is taken is more than one in ASCII can say, and clients made from the document go by it.
 */
export const digits = 'x-digits'

type Place = Readonly<{ parentData: Record<string, unknown>; parentDataProperty: string }>

const digitsKeyword = {
  keyword: digits,
  type: 'string' as const,
  schemaType: 'number' as const,
  modifying: true,
  errors: false,
  validate(length: number, typed: string, _schema: unknown, { parentData, parentDataProperty }: Place) {
    const code = readCode(typed)
    parentData[parentDataProperty] = code
    return code.length === length && /^[0-9]+$/.test(code)
  },
}

/** Texts that people write: 1–200 characters after trimming, one of them to be seen, no control characters. */
const text = (value: string) => {
  const trimmed = value.trim()
  return [...trimmed].length <= 200 && isVisible(trimmed) && !/\p{Cc}/u.test(trimmed)
}

/** Nothing is coerced, stripped or guessed: what does not fit is refused, and every field at fault is named at once. */
export const ajvOptions = {
  customOptions: {
    removeAdditional: false,
    coerceTypes: false,
    allErrors: true,
    verbose: true,
    keywords: [errorLine, eitherKeyword, digitsKeyword as never],
    formats: { text },
  },
} satisfies FastifyServerOptions['ajv']

type SchemaFault = FastifySchemaValidationError & { parentSchema?: Record<string, unknown>; data?: unknown }

/** Unknown fields that are named. A body has room for thousands, and each would be a line and a pointer. */
const maxUnknown = 5

/** Characters of an unknown field's name that are repeated. */
const maxName = 40

/**
 * The exception for a request that does not fit its schema.
 * @param part of the request that does not: `body`, `querystring`, `params`, `headers`
 */
export function schemaErrorFormatter(faults: FastifySchemaValidationError[], part: string): Error {
  let unknown = 0
  const told = faults.filter(({ keyword }) => {
    if (keyword === 'additionalProperties') unknown += 1
    return keyword !== 'additionalProperties' || unknown <= maxUnknown
  })
  const lines = new Set(told.map(lineOf))
  if (unknown > maxUnknown) lines.add(`${unknown - maxUnknown} more fields are not known`)
  return new Problem('validation_failed', {
    errors: [...lines],
    ...(part === 'body' && { fields: told.map((fault) => ({ pointer: pointerOf(fault), detail: lineOf(fault) })) }),
  })
}

/** Where in the body a fault is: also of a member that is missing, or too much. */
function pointerOf({ keyword, instancePath, params }: SchemaFault): FieldFault['pointer'] {
  if (keyword === 'required') return pointerTo(String(params['missingProperty']), instancePath)
  const unknown = keyword === 'additionalProperties' ? String(params['additionalProperty']) : ''
  // A pointer that is cut would be one to something else: the object that has the field, then.
  return unknown === '' || unknown.length > maxName ? instancePath : pointerTo(unknown, instancePath)
}

function lineOf(fault: SchemaFault): string {
  const { keyword, instancePath, params, parentSchema } = fault
  if (keyword === 'required') return requiredLine(String(params['missingProperty']), parentSchema)
  if (keyword === 'additionalProperties') return `${briefly(String(params['additionalProperty']))} is not a known field`
  // Queries, parameters and headers always are objects; only a body can be none.
  if (instancePath === '') return 'A JSON object is required as the body'
  const field = instancePath.slice(1).replaceAll('/', '.')
  if (keyword === 'type' && parentSchema?.[digits] !== undefined) {
    return `${field} must be ${String(parentSchema[digits])} digits in a JSON string: a number would lose the zeros that it begins with`
  }
  return customLine(parentSchema) ?? `${field} ${faultOf(fault)}`
}

/** What stands there says whose it is, and not what it looks like. */
const uuidPatterns: ReadonlySet<string> = new Set([uuidPattern, anyCaseUuidPattern])

function briefly(name: string): string {
  // By code points: half of one is no text.
  const points = [...name]
  return points.length > maxName ? `${points.slice(0, maxName).join('')}…` : name
}

function requiredLine(field: string, parentSchema: SchemaFault['parentSchema']): string {
  const properties = parentSchema?.['properties'] as Record<string, Record<string, unknown>> | undefined
  return customLine(properties?.[field]) ?? `${field} is required`
}

function customLine(schema: Record<string, unknown> | undefined): string | undefined {
  const line = schema?.[errorLine]
  return typeof line === 'string' ? line : undefined
}

function faultOf({ keyword, params, parentSchema, message, data }: SchemaFault): string {
  const trimmed = String(data).trim()
  switch (keyword) {
    case 'type':
      return `must be ${/^[aio]/.test(String(params['type'])) ? 'an' : 'a'} ${String(params['type'])}`
    case 'format':
      return trimmed !== '' && !isVisible(trimmed)
        ? 'must have a character that can be seen'
        : 'must be 1 to 200 characters, without control characters'
    case digits:
      return `must be ${String(parentSchema?.[digits])} digits`
    case 'pattern':
      return `must be ${uuidPatterns.has(String(params['pattern'])) ? 'a UUID' : String(parentSchema?.['description'])}`
    case 'enum':
      return `must be one of ${String(params['allowedValues']).replaceAll(',', ', ')}`
    case 'maxLength':
      return `must be at most ${String(params['limit'])} characters`
    /* c8 ignore start -- no schema of ours has other keywords; one that comes is told in the validator's words */
    default:
      return String(message)
    /* c8 ignore stop */
  }
}
