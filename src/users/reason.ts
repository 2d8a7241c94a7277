// Why an admin does something, as it stands in the trail.
import { Problem } from '../errors.js'

export const reasonLine = 'reason must be 1 to 160 characters on one line'

/** Lines of other alphabets, and marks that turn the direction of what follows: the trail would look other than it is. */
const deceptive = /[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** Whether a text stands in one line as it was written; its length and its controls are the schema's to refuse. */
export function isHonest(reason: string): boolean {
  return !deceptive.test(reason)
}

/**
 * A reason as it is kept; undefined where none was given.
 * @throws Problem `validation_failed` for what would not stand in one line as it was written
 */
export function readReason<Given extends string | undefined>(reason: Given): Given {
  if (reason !== undefined && !isHonest(reason)) throw new Problem('validation_failed', { errors: [reasonLine] })
  return reason?.trim() as Given
}
