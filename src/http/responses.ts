// What routes say of their answers: references to the shared schemas, the envelope of what went well, and the errors of each, with
// an example of every code.
import { type SchemaOptions, type Static, type TSchema, Type } from '@sinclair/typebox'
import {
  atField,
  type ErrorCode,
  errorCatalogue,
  mediaTypeLine,
  type ProblemDetails,
  ProblemSchema,
  problemBody,
} from '../errors.js'
import { crossSite } from './csrf.js'

/** A reference to a schema that is registered under its `$id`: one named type in every generated SDK. */
export function refer<Schema extends TSchema>(schema: Schema) {
  return Type.Unsafe<Static<Schema>>(Type.Ref(String(schema.$id)))
}

/** The member `success` where all went well. */
export const Success = Type.Literal(true)

/** `{success, data}`. In the document it has the name of what is in it, and `Answer`. */
export const one = <Data extends TSchema>(data: Data, description: string, example: unknown) =>
  Type.Object(
    { success: Success, data },
    { title: `${nameOf(data)}Answer`, description, examples: [{ success: true, data: example }] },
  )

/** `{success, data, next_cursor}` */
export const listOf = <Item extends TSchema, Cursor extends TSchema>(
  item: Item,
  next_cursor: Cursor,
  description: string,
  example: unknown,
) =>
  Type.Object(
    { success: Success, data: Type.Array(item), next_cursor },
    { title: `${nameOf(item)}List`, description, examples: [example] },
  )

/** `{success, data, next_cursor}` of a list that is short enough for one answer. */
export const shortList = <Item extends TSchema>(item: Item, description: string, example: unknown) =>
  listOf(item, Type.Null({ description: 'Always null: the list is whole' }), description, {
    success: true,
    data: [example],
    next_cursor: null,
  })

/** The name that a schema has in the document: that of a shared one, or its title, which is one name for one schema. */
export const nameOf = ({ title, $ref }: TSchema): string => String(title ?? $ref)

/** What a removal answers: the id of what is gone. */
export const Removed = Type.Object({ id: Type.String({ format: 'uuid' }) }, { title: 'Removed' })

/** What every call of somebody signed in can answer. */
export const signedInErrors: readonly ErrorCode[] = ['unauthorized', 'token_expired', 'service_unavailable']

/** What every call that changes something can answer: browsers send cookies along, and where no body is asked for, one may come. */
export const writingErrors: readonly ErrorCode[] = ['cross_site', 'payload_too_large', 'unsupported_media_type']

/** An error of a route, where the example of its code says too little. */
export type DocumentedError = ErrorCode | Readonly<{ code: ErrorCode; details: ProblemDetails }>

const problemType = 'application/problem+json'

/** Any route can answer these. */
const errorsOfAll: readonly DocumentedError[] = ['validation_failed', 'rate_limited', 'internal_error']

const exampleChallenge = {
  parameters: {
    algorithm: 'PBKDF2/SHA-256',
    nonce: '5d41402abc4b2a76b9719d911017c592',
    salt: '7d793037a0760186574b0282f2f435e7',
    cost: 1000,
    keyLength: 32,
    keyPrefix: '9f86d081884c7d659a2feaa0c55ad015',
    keySignature: 'a3bf4f1b2b0b822cd15d6c15b0f00a089f86d081884c7d659a2feaa0c55ad015',
    expiresAt: 1_795_651_500,
    data: { for: 'Zk3p0cV9m1Hq7uQe5y2XwB8nRt4LsGdJa6TiOvCbEfU' },
  },
  signature: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
}

const exampleDetails: Partial<Record<ErrorCode, ProblemDetails>> = {
  validation_failed: atField('role', 'role is not a known field'),
  cross_site: crossSite,
  unsupported_media_type: { errors: [mediaTypeLine(['application/json'])] },
  rate_limited: { retryAfter: 30 },
  service_unavailable: { retryAfter: 2 },
  account_not_found: { needsSignup: true },
  challenge_required: { challenge: exampleChallenge },
  second_proof_required: { recycleToken: 'Zk3p0cV9m1Hq7uQe5y2XwB8nRt4LsGdJa6TiOvCbEfU' },
}

/** The error answers of a route for its `response` schema: each status once, each code with an example. */
export function errorResponses(...documented: DocumentedError[]): Record<number, object> {
  const responses: Record<
    number,
    { description: string; content: Record<string, { schema: TSchema; examples: object }> }
  > = {}
  for (const error of [...documented, ...errorsOfAll]) {
    const { code, details } = typeof error === 'string' ? { code: error, details: exampleDetails[error] } : error
    const { status, title } = errorCatalogue[code]
    if (Object.hasOwn(Object(responses[status]?.content[problemType]?.examples), code)) continue
    const known = responses[status]?.content[problemType]
    responses[status] = {
      description: known ? `${responses[status]?.description}; ${title}` : title,
      content: {
        [problemType]: {
          schema: refer(ProblemSchema),
          examples: { ...known?.examples, [code]: { value: problemBody(code, details) } },
        },
      },
    }
  }
  return responses
}

// Schema types that TypeBox writes in a way few generators and people like.

/** One of a few texts, as a plain `enum`. */
export function OneOf<const Value extends string>(values: readonly Value[], options: SchemaOptions = {}) {
  return Type.Unsafe<Value>({ type: 'string', enum: [...values], ...options })
}

/** A text or null, as one type of two names. */
export function NullableText(options: SchemaOptions = {}) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], ...options })
}
