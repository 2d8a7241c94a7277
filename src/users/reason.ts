// Why an admin does something, as it stands in the trail.
import { Problem } from '../errors.js'
import { isHonest } from '../showing.js'

export const reasonLine = 'reason must be 1 to 160 characters on one line'

/**
 * A reason as it is kept; undefined where none was given.
 * @throws Problem `validation_failed` for what would not stand in one line as it was written
 */
export function readReason<Given extends string | undefined>(reason: Given): Given {
  if (reason !== undefined && !isHonest(reason)) throw new Problem('validation_failed', { errors: [reasonLine] })
  return reason?.trim() as Given
}
