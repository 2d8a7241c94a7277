// The country picker's data: cacheable, in the language of the request.
import type { IncomingHttpHeaders } from 'node:http'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { etagOf, matchesEtag } from '../../http/headers.js'
import { requestedLanguages } from '../../http/languages.js'
import { errorResponses } from '../../http/responses.js'
import { type CountryCode, phonePrefixes } from '../../identifiers/phone.js'

export type PhonePrefixOptions = { countries: readonly CountryCode[]; defaultLocale: string }

/** Languages whose lists are kept; past that they are made anew, so that made-up language tags fill no memory. */
const maxLanguages = 50

export const phonePrefixRoutes: FastifyPluginAsyncTypebox<PhonePrefixOptions> = async (app, options) => {
  const { countries, defaultLocale } = options
  const listsByLocale = new Map<string, { body: string; etag: string }>()

  function listIn(locale: string) {
    const known = listsByLocale.get(locale)
    if (known) return known
    const body = JSON.stringify(phonePrefixes(countries, locale))
    const made = { body, etag: etagOf(body) }
    if (listsByLocale.size < maxLanguages) listsByLocale.set(locale, made)
    return made
  }

  /** The first language that the request asks for and the runtime knows. */
  function localeOf(headers: IncomingHttpHeaders): string {
    return Intl.DisplayNames.supportedLocalesOf(requestedLanguages(headers))[0] ?? defaultLocale
  }

  app.get(
    '/phone-prefixes',
    {
      config: { shedding: 'never' },
      schema: {
        operationId: 'listPhonePrefixes',
        summary: 'The countries whose numbers are accepted, for a country picker',
        description:
          'Those of `SMS_COUNTRIES`, with their names in the first language of `Accept-Language` that is known. May be kept for an hour, and asked for again by its `ETag`.',
        tags: ['Identifier flow'],
        headers: Type.Object({
          'accept-language': Type.Optional(Type.String({ description: 'Language of the names', examples: ['hi'] })),
        }),
        response: {
          200: Type.Array(
            Type.Object(
              {
                country: Type.String({ description: 'ISO 3166-1 alpha-2', examples: ['IN'] }),
                name: Type.String({ examples: ['India'] }),
                prefix: Type.String({ examples: ['+91'] }),
                flag: Type.String({ examples: ['🇮🇳'] }),
                example: Type.String({ description: 'A national mobile number of it', examples: ['8123456789'] }),
              },
              { title: 'PhonePrefix' },
            ),
            {
              title: 'PhonePrefixes',
              description: 'In the alphabet of the language',
              examples: [[{ country: 'IN', name: 'India', prefix: '+91', flag: '🇮🇳', example: '8123456789' }]],
            },
          ),
          304: Type.Unsafe<undefined>({ type: 'null', description: 'As the client has it' }),
          ...errorResponses(),
        },
      },
    },
    async (request, reply) => {
      const locale = localeOf(request.headers)
      const { body, etag } = listIn(locale)
      reply.headers({
        etag,
        // Also by Origin, as every answer: whether a page of another site may read it.
        vary: 'Origin, accept-language',
        'content-language': locale,
        'cache-control': 'public, max-age=3600',
      })
      if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send(undefined)
      // Text that was made once for each language: as a string it passes by the serializer of the schema.
      return reply.type('application/json; charset=utf-8').send(body as never)
    },
  )
}
