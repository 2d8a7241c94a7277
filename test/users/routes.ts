// The routes of the service, as its router knows them.
import type { FastifyInstance } from 'fastify'

/** `METHOD /path` of every route that the router knows, hidden ones included; its picture is a tree of whole names. */
export function routesOf(app: FastifyInstance): string[] {
  const parents: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', name = '', methods = ''] = /^([│├└─ ]*)(\S*) ?(?:\((.*)\))?$/.exec(line) ?? []
      const depth = indent.length / 4
      parents[depth] = name
      const path = parents.slice(1, depth + 1).join('')
      return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${path}`)
    })
}
