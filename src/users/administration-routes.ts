// Users as admins see them: the list, and making one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { atField, Problem } from '../errors.js'
import { normalizeEmail } from '../identifiers/email.js'
import type { IdentifierParser } from '../identifiers/parser.js'
import type { CountryCode } from '../identifiers/phone.js'
import type { UserAdministration } from './administration.js'
import { createUser, listUsers } from './administration-schemas.js'
import type { UserList } from './list.js'
import { type Policies, requestActorOf, requireKnownDevice, requireRecentProof, underPolicy } from './policies.js'
import { serializeAdministered, serializeUser } from './user.js'

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
      config: { scope: 'users:read' },
      schema: {
        operationId: 'listUsers',
        summary: 'List and find users',
        description:
          'For admins. A page at a time: `next_cursor` asks for the next one, with the same `sort` and `q`. By `phone` or `email`, the one user who has it, or nobody. An API key finds no admins.',
        ...underPolicy,
        ...listUsers,
      },
    },
    async (request) => {
      const { limit = '20', sort = 'created_at', cursor, q: search, ...named } = request.query
      const { users, nextCursor } = await list({
        limit: Number(limit),
        sort,
        cursor,
        search,
        identifier: identifierIn(request.query, named),
        hidesAdmins: request.apiKey !== null,
      })
      return {
        success: true,
        data: users.map((user) => serializeAdministered(user, defaultCountry)),
        next_cursor: nextCursor,
      } as const
    },
  )

  app.post(
    '',
    {
      config: { scope: 'users:write' },
      schema: {
        operationId: 'createUser',
        summary: 'Make a user',
        description:
          'For admins; of an `ADMIN` only soon after they proved that it is them, and not on a device that is new to an account with passkeys. Phone and email are claims until their owner proves them by signing in.',
        ...underPolicy,
        ...createUser,
      },
    },
    async (request, reply) => {
      const { phone, email, user_name, role = 'USER' } = request.body
      // Also that of a user: who is an admin is none of an API key's business.
      if (request.body.role !== undefined && request.apiKey !== null) {
        throw new Problem('validation_failed', atField('role', 'role is not a known field'))
      }
      // A stolen session would make itself an admin that lasts, who has just proved that it is them.
      if (role === 'ADMIN') {
        requireRecentProof(request)
        requireKnownDevice(request)
      }
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

/**
 * Whom a query asks for by a phone or an email, null where it asks for a list. A phone is taken as it is stored, whatever today's numbering
 * plans say of it.
 * @throws Problem `validation_failed` for a second way of asking beside it
 */
function identifierIn(query: object, { phone, email }: { phone?: string; email?: string }) {
  const [first, ...others] = Object.keys(query)
  if (phone === undefined && email === undefined) return null
  if (others.length > 0) throw new Problem('validation_failed', { errors: [`${first} finds one user: send it alone`] })
  if (phone !== undefined) return { phone }
  const canonical = normalizeEmail(String(email))
  if (canonical === null) throw new Problem('validation_failed', { errors: ['email must be an email address'] })
  return { email: canonical }
}
