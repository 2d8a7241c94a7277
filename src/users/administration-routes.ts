// Users as admins see them: the list, and making one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { atField, Problem } from '../errors.js'
import type { IdentifierParser } from '../identifiers/parser.js'
import type { CountryCode } from '../identifiers/phone.js'
import type { UserAdministration } from './administration.js'
import { createUser, listUsers } from './administration-schemas.js'
import type { UserList } from './list.js'
import { type Policies, requestActorOf, requireRecentProof, underPolicy } from './policies.js'
import { serializeUser } from './user.js'

export type AdministrationOptions = {
  policies: Policies
  identifiers: IdentifierParser
  administration: UserAdministration
  list: UserList
  defaultCountry: CountryCode
}

export const administrationRoutes: FastifyPluginAsyncTypebox<AdministrationOptions> = async (app, options) => {
  const { policies, identifiers, administration, list, defaultCountry } = options
  policies.forAdmins(app)

  app.get(
    '',
    {
      schema: {
        operationId: 'listUsers',
        summary: 'List and find users',
        description: 'For admins. A page at a time: `next_cursor` asks for the next one, with the same `sort` and `q`.',
        ...underPolicy,
        ...listUsers,
      },
    },
    async (request) => {
      const { limit = '20', sort = 'created_at', cursor, q: search } = request.query
      const { users, nextCursor } = await list({ limit: Number(limit), sort, cursor, search })
      return {
        success: true,
        data: users.map((user) => serializeUser(user, defaultCountry)),
        next_cursor: nextCursor,
      } as const
    },
  )

  app.post(
    '',
    {
      schema: {
        operationId: 'createUser',
        summary: 'Make a user',
        description:
          'For admins, of an `ADMIN` only soon after they proved that it is them. Phone and email are claims until their owner proves them by signing in.',
        ...underPolicy,
        ...createUser,
      },
    },
    async (request, reply) => {
      const { phone, email, user_name, role = 'USER' } = request.body
      // A stolen session would make itself an admin that lasts, who has just proved that it is them.
      if (role === 'ADMIN') requireRecentProof(request)
      if (phone === undefined && email === undefined) {
        throw new Problem('validation_failed', atField('', 'Give phone, email or both'))
      }
      const draft = {
        phone: phone === undefined ? null : identifiers.fromInternationalNumber(phone).identifier,
        email: email === undefined ? null : identifiers.fromEmail(email).identifier,
        userName: user_name?.trim() ?? null,
        role,
      }
      const user = await administration.create(draft, requestActorOf(request))
      reply.code(201)
      return { success: true, data: serializeUser(user, defaultCountry) } as const
    },
  )
}
