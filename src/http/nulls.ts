// `null` for what may be left out of a body: as if it were left out, whatever the route. Many clients write every field that they know.
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** A schema of a body, as far as it is looked at here. */
type BodySchema = Readonly<{ properties: object; required?: readonly string[] }>

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
