// Statements that are composed once and run many times: the text, its name and the plan stay, a call only fills in its values.
import type { Prisma } from '../generated/prisma/client.js'
import type { Database } from './client.js'

/** Where a call's value goes. Whoever composes can put it into a statement and do nothing else with it. */
class Parameter {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  [Symbol.toPrimitive](): never {
    throw new TypeError(`${this.name} has no value while its statement is composed`)
  }
}

/** Runs a prepared statement with the values of one call. */
export type PreparedStatement<Values extends object, Rows extends object[]> = (
  database: Database,
  values: Values,
) => Promise<Rows>

/**
 * Composes a statement for many calls. It runs on Prisma's own pool but past its runtime, which would compose, hash and convert
 * anew each time: docs/decisions/0013 has the gain.
 * @param compose puts parameters where a call's values go; there is one also for a value that some calls leave out. Numbers
 * and booleans that it puts in by itself are settings: they become part of the text, so that PostgreSQL plans with them.
 */
export function prepare<Values extends object, Rows extends object[]>(
  compose: (parameters: Required<Values>) => Prisma.Sql,
): PreparedStatement<Values, Rows> {
  const parameters = new Proxy({}, { get: (_target, name) => new Parameter(String(name)) })
  const { strings, values } = compose(parameters as Required<Values>)
  const bound: unknown[] = []
  const text = strings.reduce((before, after, index) => before + place(values[index - 1], bound) + after)
  return (database, given) => {
    const filled = bound.map((value) => (value instanceof Parameter ? Reflect.get(given, value.name) : value))
    return database.run<Rows>({ text, values: filled })
  }
}

/** What stands in the text for a value: itself, where it is a setting, or the next place for one that is sent along. */
function place(value: unknown, bound: unknown[]): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return `$${bound.push(value)}`
}
