// The OpenAPI document of the repository, for tests: a test holds it against the routes (test/operations/document.test.ts).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Media = Readonly<{
  schema: Json
  example?: unknown
  examples?: Readonly<Record<string, Readonly<{ value: unknown }>>>
}>
export type Json = Readonly<Record<string, unknown>>
export type Operation = Readonly<{
  operationId: string
  summary: string
  description: string
  tags: readonly string[]
  security: readonly Readonly<Record<string, readonly string[]>>[]
  requestBody?: Readonly<{ required: boolean; content: Readonly<Record<string, Media>> }>
  responses: Readonly<Record<string, Response>>
}>
export type Response = Readonly<{
  description: string
  headers: Readonly<Record<string, Json>>
  content?: Readonly<Record<string, Media>>
}>
export type OpenApiDocument = Readonly<{
  openapi: string
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  webhooks: Readonly<Record<string, Readonly<{ post: Operation }>>>
  components: Readonly<Record<'schemas' | 'responses' | 'headers' | 'securitySchemes', Readonly<Record<string, Json>>>>
}>

/** As it is committed, with its references. */
export const documentText = readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8')
const written: OpenApiDocument = JSON.parse(documentText)

/** The same without references, and with `allOf` as the one object that it means. */
export const openApi = resolved(written) as OpenApiDocument

function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved)
  if (typeof value !== 'object' || value === null) return value
  const { $ref } = value as { $ref?: string }
  if ($ref !== undefined) return resolved(referred($ref))
  const entries = Object.entries(value).map(([key, each]) => [key, key.startsWith('example') ? each : resolved(each)])
  const { allOf, ...own } = Object.fromEntries(entries)
  return allOf === undefined ? own : { ...own, ...merged(allOf) }
}

function referred(reference: string): unknown {
  const steps = reference.replace(/^#\//, '').split('/')
  return steps.reduce<unknown>((node, step) => Reflect.get(Object(node), step), written)
}

function merged(objects: readonly Readonly<{ properties: object; required?: readonly string[] }>[]): Json {
  return {
    type: 'object',
    properties: Object.assign({}, ...objects.map(({ properties }) => properties)),
    required: objects.flatMap(({ required = [] }) => required),
  }
}

/** Each operation with where it is. */
export const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

/** The codes of the errors of one status. */
export function codesOf({ responses }: Operation, status: string): string[] {
  return Object.keys(responses[status]?.content?.['application/problem+json']?.examples ?? {})
}
