// Schema types that TypeBox writes in a way few generators and people like.
import { type SchemaOptions, Type } from '@sinclair/typebox'

/** One of a few texts, as a plain `enum`. */
export function OneOf<const Value extends string>(values: readonly Value[], options: SchemaOptions = {}) {
  return Type.Unsafe<Value>({ type: 'string', enum: [...values], ...options })
}

/** A text or null, as one type of two names. */
export function NullableText(options: SchemaOptions = {}) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], ...options })
}
