// How answers become text. Each different schema is compiled once: some 230 answers of the routes are the same error, and compiling
// them one by one was a third of what building the server takes.
import {
  type Options,
  type Serializer,
  type SerializerCompiler,
  SerializerSelector,
} from '@fastify/fast-json-stringify-compiler'

/** To be Fastify's `schemaController.compilersFactory.buildSerializer`. */
export function buildSerializer(sharedSchemas?: unknown, options?: Options): SerializerCompiler {
  const compile = SerializerSelector()(sharedSchemas, options)
  const compiled = new Map<string, Serializer>()
  return function serializerOf(route) {
    // Within a server the shared schemas are the same, so that the text says all.
    const text = JSON.stringify(route.schema)
    const serializer = compiled.get(text) ?? compile(route)
    compiled.set(text, serializer)
    return serializer
  }
}
