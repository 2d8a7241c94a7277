// `null` for what may be left out of a body: as if it were left out, whatever the route. Many clients write every field that they know.
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** A schema of a body, as far as it is looked at here. */
type BodySchema = Readonly<{ properties: Readonly<Record<string, Member>>; required?: readonly string[] }>
type Member = Readonly<{ type: string; enum?: readonly unknown[] }>

const isBodySchema = (schema: unknown): schema is BodySchema => Object(schema).properties !== undefined

function optionalNamesOf({ properties, required = [] }: BodySchema): string[] {
  return Object.keys(properties).filter((name) => !required.includes(name))
}

/**
 * Takes the nulls out of the bodies of all routes that come after, before they are held against their schemas. What has to be there,
 * and what is not known, stays and is refused.
 */
export function useNullsAsAbsent(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const schema = route.schema?.body
    if (!isBodySchema(schema)) return
    const optional = optionalNamesOf(schema)
    const takeNullsOut = async ({ body }: FastifyRequest) => {
      if (typeof body !== 'object' || body === null) return
      for (const name of optional) if (Reflect.get(body, name) === null) Reflect.deleteProperty(body, name)
    }
    route.preValidation = [takeNullsOut, ...[route.preValidation ?? []].flat()] as never
  })
}

/** The schema of a body as the OpenAPI document shows it: what may be left out may be null. */
export function withNulls(schema: unknown): unknown {
  if (!isBodySchema(schema)) return schema
  const optional = optionalNamesOf(schema).map((name) => [name, orNull(schema.properties[name] as Member)])
  return { ...schema, properties: { ...schema.properties, ...Object.fromEntries(optional) } }
}

function orNull(member: Member): object {
  return { ...member, type: [member.type, 'null'], ...(member.enum && { enum: [...member.enum, null] }) }
}
