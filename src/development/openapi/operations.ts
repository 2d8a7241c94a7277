// Operations of the OpenAPI document, made from the schemas of the routes. What many have in common, errors above all, stands once.
import { type ErrorCode, errorCatalogue } from '../../errors.js'
import { type Json, plain, type Schemas, withNulls } from './schemas.js'

/** A route as it is registered. */
export type Route = Readonly<{
  method: string
  url: string
  setsCookies: boolean
  /** which an API key needs; undefined where no key may call it */
  scope: string | undefined
  schema: Json
}>

const header = (name: string) => ({ $ref: `#/components/headers/${name}` })

/** Of every answer. */
const always = { 'X-Request-Id': header('RequestId') }

export const headers = {
  RequestId: {
    description: 'Names the request, in the log too. A UUID',
    required: true,
    schema: { type: 'string' },
    example: '0197a1b2-1111-7222-8333-444455556666',
  },
  RetryAfter: {
    description: 'Whole seconds after which the call will succeed (RFC 9110 §10.2.3), also `retry_after` of the body',
    required: true,
    schema: { type: 'integer', minimum: 1 },
    example: 30,
  },
  Authenticate: {
    required: true,
    description: 'The challenge of a 401 (RFC 6750 §3); with `error="invalid_token"` where a token came',
    schema: { type: 'string' },
    example: 'Bearer realm="latchkey"',
  },
  MissingScope: {
    description: 'Of an API key that has not the scope of the call: names it (RFC 6750 §3.1)',
    schema: { type: 'string' },
    example: 'Bearer realm="latchkey", error="insufficient_scope", scope="users:write"',
  },
  EntityTag: {
    required: true,
    description: 'Names this content: sent back as `If-None-Match`, it is 304 while nothing has changed',
    schema: { type: 'string' },
    example: '"Zk3p0cV9m1Hq7uQe5y2XwB8nRt4"',
  },
  Cookie: {
    description:
      'The cookies that this answer sets, renews or clears: the session’s (`jwt`, unless `COOKIE_NAME` says otherwise), `device`, `signup`. All are HttpOnly',
    schema: { type: 'string' },
    example: 'jwt=eyJhbGciOiJFUzI1NiJ9.e30.c2ln; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax',
  },
}

const problemType = 'application/problem+json'

/** Errors that carry Retry-After. */
const temporary: readonly ErrorCode[] = ['rate_limited', 'service_unavailable']

export class Operations {
  readonly #schemas: Schemas
  readonly #responses = new Map<string, Json>()

  constructor(schemas: Schemas) {
    this.#schemas = schemas
  }

  /** The error answers that operations share, in the order of the alphabet. */
  get responses(): Json {
    return Object.fromEntries([...this.#responses].sort(([one], [other]) => (one < other ? -1 : 1)))
  }

  of(route: Route): Json {
    const { operationId, summary, description, tags, body, response } = route.schema
    const people = (route.schema['security'] ?? []) as Json[]
    // The scope stands in words: as a member of the list, which OpenAPI 3.1 allows, linters take it for one of OAuth's.
    const { scope } = route
    const security = scope === undefined ? people : [...people, { apiKey: [] }]
    const parameters = [
      ...this.#parametersIn('path', route.schema['params']),
      ...this.#parametersIn('query', route.schema['querystring']),
      ...this.#parametersIn('header', route.schema['headers']),
    ]
    const responses = Object.entries(Object(response)).map(([status, answer]) => [
      status,
      this.#response(route, Number(status), plain(answer)),
    ])
    return {
      operationId,
      summary,
      description: scope === undefined ? description : `${description} API keys: scope \`${scope}\`.`,
      tags,
      security,
      ...(parameters.length > 0 && { parameters }),
      ...(body !== undefined && { requestBody: this.#requestBody(route, withNulls(plain(body))) }),
      responses: Object.fromEntries(responses),
    }
  }

  #parametersIn(place: string, source: unknown): Json[] {
    const { properties, required = [] } = plain(source)
    return Object.entries(Object(properties)).map(([name, member]) => {
      const { description, examples, ...schema } = this.#schemas.shown(member as Json)
      const isRequired = place === 'path' || (required as string[]).includes(name)
      const [example] = (examples ?? []) as unknown[]
      return { name, in: place, required: isRequired, description, schema, ...(example !== undefined && { example }) }
    })
  }

  #requestBody({ schema: { consumes = ['application/json'] } }: Route, body: Json): Json {
    const { examples, ...schema } = body
    const media = { schema: this.#schemas.shown(schema), ...exampleOf(examples) }
    // Where nothing at all is an example of what to send.
    const isRequired = !(examples as object[]).some((each) => Object.keys(each).length === 0)
    const content = Object.fromEntries((consumes as string[]).map((type) => [type, media]))
    return { required: isRequired, content }
  }

  #response(route: Route, status: number, answer: Json): Json {
    const { description, examples, content, ...schema } = answer
    const problem = Object(content)[problemType]
    if (problem !== undefined) return this.#problem(route, status, Object(problem).examples)
    const about = { description, headers: { ...always, ...headersOf(route, status) } }
    if (content !== undefined) return { ...about, content }
    if (schema['type'] === 'null') return about
    return {
      ...about,
      content: { 'application/json': { schema: this.#schemas.shown(schema), ...exampleOf(examples) } },
    }
  }

  /** An error answer, shared by all operations of which it has the same codes with the same examples. */
  #problem({ schema: { operationId } }: Route, status: number, examples: Record<string, unknown>): Json {
    const codes = Object.keys(examples).sort() as ErrorCode[]
    const response = {
      description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}`).join('; '),
      headers: {
        ...always,
        ...(codes.some((code) => temporary.includes(code)) && { 'Retry-After': header('RetryAfter') }),
        ...(status === 401 && { 'WWW-Authenticate': header('Authenticate') }),
        ...(codes.includes('forbidden') && { 'WWW-Authenticate': header('MissingScope') }),
      },
      content: {
        [problemType]: {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(codes.map((code) => [code, examples[code]])),
        },
      },
    }
    const usual = codes.map(inCapitals).join('Or')
    const [known] = [...this.#responses].find(([, each]) => JSON.stringify(each) === JSON.stringify(response)) ?? []
    const isTaken = this.#responses.has(usual)
    const name = known ?? (isTaken ? `${usual}Of${inCapitals(String(operationId))}` : usual)
    this.#responses.set(name, response)
    return { $ref: `#/components/responses/${name}` }
  }
}

/** `otp_invalid` as `OtpInvalid` */
const inCapitals = (name: string) => name.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase())

function exampleOf(examples: unknown): Json {
  const [first, ...others] = examples as unknown[]
  if (others.length === 0) return { example: first }
  return {
    examples: Object.fromEntries([first, ...others].map((value, index) => [`example${index + 1}`, { value }])),
  }
}

/** What an answer that is no error has beside the headers of all. */
function headersOf({ setsCookies, schema: { operationId, security } }: Route, status: number): Json {
  // A call by cookie renews it where that is due.
  const mayRenew = ((security ?? []) as object[]).some((way) => 'cookie' in way)
  return {
    ...((setsCookies || mayRenew) && status < 300 && { 'Set-Cookie': header('Cookie') }),
    ...(operationId === 'listPhonePrefixes' && { ETag: header('EntityTag') }),
  }
}
