// Holds every answer of every test against the OpenAPI document: a status or a member that is not documented fails the test.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

type Documented = { responses: Record<string, { content?: Record<string, { schema: object }> }> }
type Document = { paths: Record<string, Record<string, Documented>>; components: object }

/** Answers that any request can get, whatever its route documents; their shape is checked all the same. */
const outsideRoutes = ['not_found', 'method_not_allowed', 'validation_failed', 'rate_limited']

/**
 * A check that throws where an answer of the service is not as its document says. What is no JSON is not looked at. Compiling a
 * schema costs more than most requests: what applications of a process have in common is compiled once.
 */
export function createAnswerCheck(app: FastifyInstance) {
  const { paths, components } = app.swagger() as unknown as Document
  const validatorOf = validatorsFor(components)
  const templates = Object.keys(paths)

  return function checkAnswer({ method = 'GET', url }: InjectOptions, answer: LightMyRequestResponse): void {
    const [type = ''] = String(answer.headers['content-type'] ?? '').split(';')
    if (!type.endsWith('json') || answer.body === '') return
    const [path = ''] = String(url).split('?')
    const body: unknown = answer.json()
    const isOutside = outsideRoutes.includes(String(Reflect.get(Object(body), 'code')))
    const route = paths[path] ?? paths[templateOf(path, templates) ?? '']
    const documented = route?.[method.toLowerCase()]?.responses[answer.statusCode]?.content?.[type]?.schema
    const schema = documented ?? (isOutside ? { $ref: '#/components/schemas/Problem' } : undefined)
    const name = `${method} ${path} ${answer.statusCode}`
    if (schema === undefined) throw new Error(`${name}: ${type} is not documented`)
    const validate = validatorOf(schema)
    if (!validate(body)) throw new Error(`${name} is not as documented: ${errorsText(validate.errors)}`)
  }
}

const { errorsText } = new Ajv2020()
/** By the text of what documents have in common, then by the text of a schema. */
const known = new Map<string, (schema: object) => ValidateFunction>()

function validatorsFor(components: object): (schema: object) => ValidateFunction {
  const text = JSON.stringify(components)
  const validatorOf = known.get(text) ?? compilerFor(components)
  known.set(text, validatorOf)
  return validatorOf
}

function compilerFor(components: object): (schema: object) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'openapi', components: closed(components) as object })
  const validators = new Map<string, ValidateFunction>()

  return function validatorOf(schema) {
    const text = JSON.stringify(schema)
    const local = () => JSON.stringify(closed(schema)).replaceAll('"#/components/', '"openapi#/components/')
    const validator = validators.get(text) ?? ajv.compile(JSON.parse(local()))
    validators.set(text, validator)
    return validator
  }
}

/** The documented path whose parameters stand for parts of this one, the one with the fewest parameters first. */
function templateOf(path: string, templates: string[]): string | undefined {
  const parametersOf = (template: string) => template.split('{').length
  const matches = templates.filter((template) => new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
  return matches.sort((one, other) => parametersOf(one) - parametersOf(other))[0]
}

/** The same schema, with no member allowed that is not in it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.entries(schema).map(([key, value]) => [key, key === 'examples' ? value : closed(value)])
  const made: Record<string, unknown> = Object.fromEntries(members)
  if ('properties' in made && !('additionalProperties' in made)) made['additionalProperties'] = false
  return made
}
