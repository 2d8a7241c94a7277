// Holds every answer of every test against the OpenAPI document: a status or a member that is not documented fails the test.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { openApi } from './document.js'

/** Answers that any request can get, whatever its route documents; their shape is checked all the same. */
const outsideRoutes = ['not_found', 'method_not_allowed', 'validation_failed', 'rate_limited']

/** Throws where an answer of the service is not as the document says. What is no JSON is not looked at. */
export function checkAnswer({ method = 'GET', url }: InjectOptions, answer: LightMyRequestResponse): void {
  const [type = ''] = String(answer.headers['content-type'] ?? '').split(';')
  if (!type.endsWith('json') || answer.body === '') return
  const [path = ''] = String(url).split('?')
  const body: unknown = answer.json()
  const isOutside = outsideRoutes.includes(String(Reflect.get(Object(body), 'code')))
  const route = openApi.paths[path] ?? openApi.paths[templateOf(path) ?? '']
  const response = route?.[method.toLowerCase()]?.responses[answer.statusCode]
  const documented = response?.content?.[type]?.schema
  const schema = documented ?? (isOutside ? openApi.components.schemas['Problem'] : undefined)
  const name = `${method} ${path} ${answer.statusCode}`
  if (schema === undefined) throw new Error(`${name}: ${type} is not documented`)
  const validate = validatorOf(schema)
  const absent = Object.entries(response?.headers ?? {})
    .filter(([, { required }]) => required)
    .filter(([header]) => answer.headers[header.toLowerCase()] === undefined)
    .map(([header]) => header)
  if (absent.length > 0) throw new Error(`${name} lacks headers: ${absent.join()}`)
  if (!validate(body)) throw new Error(`${name} is not as documented: ${errorsText(validate.errors)}`)
}

/** Throws where what an endpoint of the product gets from us is not as the document says. */
export function checkWebhook(name: 'beforeSignup' | 'event' | 'message', body: unknown): void {
  const schema = openApi.webhooks[name]?.post.requestBody?.content['application/json']?.schema
  if (schema === undefined) throw new Error(`the webhook ${name} is not documented`)
  const validate = validatorOf(schema)
  if (!validate(body)) throw new Error(`the webhook ${name} is not as documented: ${errorsText(validate.errors)}`)
}

const { errorsText } = new Ajv2020()
const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
addFormats.default(ajv)
/** By the text of a schema: compiling one costs more than most requests, and errors are all the same. */
const validators = new Map<string, ValidateFunction>()

function validatorOf(schema: object): ValidateFunction {
  const text = JSON.stringify(schema)
  const validator = validators.get(text) ?? ajv.compile(closed(schema) as object)
  validators.set(text, validator)
  return validator
}

const templates = Object.keys(openApi.paths)

/** The documented path whose parameters stand for parts of this one, the one with the fewest parameters first. */
function templateOf(path: string): string | undefined {
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
