// How bodies are held against their schemas, and how answers become text. Each different schema is compiled once in a process: some
// 230 answers of the routes are the same error, and compiling them one by one was a third of what building a server takes.
import AjvCompiler from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

type Compile = (route: Readonly<{ schema?: unknown }>) => unknown
type Build = (shared: unknown, options: unknown) => Compile
type CompilersFactory = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>

/** Fastify's own compilers. Their types say less than they are given, a route, and what they make is what Fastify makes of it. */
export const compilersFactory = {
  buildValidator: remembering(AjvCompiler() as unknown as Build),
  buildSerializer: remembering(SerializerSelector() as unknown as Build),
} as unknown as CompilersFactory

/** The same compiler, which compiles each text of a schema once for the shared schemas and options that it was made for. */
function remembering(build: Build): Build {
  const compilers = new Map<string, Compile>()
  return (shared, options) => {
    const name = JSON.stringify([shared, options])
    const known = compilers.get(name) ?? rememberingRoutes(build(shared, options))
    compilers.set(name, known)
    return known
  }
}

function rememberingRoutes(compile: Compile): Compile {
  const compiled = new Map<string, unknown>()
  return (route) => {
    const text = JSON.stringify(route.schema)
    const known = compiled.get(text) ?? compile(route)
    compiled.set(text, known)
    return known
  }
}
