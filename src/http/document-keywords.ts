// What schemas say to the OpenAPI document alone (src/development/openapi): it shows more than a validator needs, and messages stay as
// they are.

declare module 'fastify' {
  interface FastifySchema {
    operationId?: string
    summary?: string
    description?: string
    tags?: readonly string[]
    /** who may call it; open to all where there is none */
    security?: readonly Readonly<Record<string, readonly string[]>>[]
    /** media types of the body; JSON where not given */
    consumes?: readonly string[]
    /** not in the document */
    hide?: true
  }
}

/** A body with just one of several ways to say something, each named by the end of its schema's name. */
export const eitherKeyword = 'x-either'

/** An object that has all members of another named one, and some of its own. */
export const extendsKeyword = 'x-extends'

/** The members that each way of a body has, by the end of its name. */
export type Ways = Readonly<Record<string, readonly string[]>>
export type Base = Readonly<{ name: string; members: readonly string[] }>

/** Of a body in which one of these ways is wanted, and no two: generated clients have one type for each. The route checks it. */
export function either(ways: Ways) {
  return { [eitherKeyword]: ways }
}

/** Of an object with all the members of `name`: generated clients take it where they take that. */
export function extending(name: string, members: object) {
  return { [extendsKeyword]: { name, members: Object.keys(members) } satisfies Base }
}

/** A phone with its prefix beside it, or an email address. */
export const eitherIdentifier = either({ ByPhone: ['phonePrefix', 'phone'], ByEmail: ['email'] })

/** A phone with its prefix in it, or an email address. */
export const eitherPhoneOrEmail = either({ ByPhone: ['phone'], ByEmail: ['email'] })
