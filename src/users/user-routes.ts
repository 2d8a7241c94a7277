// One user, for admins and for the user in question: read, change, delete, end every session. `me` is whoever asks.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { atField, Problem, pointerTo } from '../errors.js'
import type { CountryCode } from '../identifiers/phone.js'
import { signedIn } from '../sessions/authenticate.js'
import type { SessionCookie } from '../sessions/cookies.js'
import type { UserAdministration } from './administration.js'
import { changeUser, deleteUser, endSessions, readUser } from './administration-schemas.js'
import { metadataFault } from './metadata.js'
import {
  isAboutSelf,
  isByAdmin,
  type Policies,
  requestActorOf,
  requireKnownDevice,
  requireRecentProof,
  targetOf,
  underPolicy,
} from './policies.js'
import { readReason } from './reason.js'
import { type AdministeredUser, serializeAdministered, serializeUser } from './user.js'

export type UserRouteOptions = {
  policies: Policies
  administration: UserAdministration
  cookie: SessionCookie
  defaultCountry: CountryCode
}

/** Whoever ends their own session needs no cookie of it any more. */
const setsCookies = true as const

export const userRoutes: FastifyPluginAsyncTypebox<UserRouteOptions> = async (app, options) => {
  const { policies, administration, cookie, defaultCountry } = options
  policies.forAdminsAndSelf(app)
  const forAdmin = (user: AdministeredUser) => serializeAdministered(user, defaultCountry)

  app.get(
    '/:id',
    {
      config: { scope: 'users:read' },
      schema: {
        operationId: 'readUser',
        summary: 'One user',
        description: 'For admins, and for the user in question: `me` is whoever asks.',
        ...underPolicy,
        ...readUser,
      },
    },
    async (request) => {
      if (isByAdmin(request))
        return { success: true, data: forAdmin(await administration.read(targetOf(request))) } as const
      // Whoever asks about themselves has just been read, to let them in.
      return { success: true, data: serializeUser(signedIn(request).user, defaultCountry) } as const
    },
  )

  app.patch(
    '/:id',
    {
      config: { scope: 'users:write' },
      schema: {
        operationId: 'changeUser',
        summary: 'Change a user',
        description:
          'Users change their own name; admins also `disabled` and `public_metadata`, and soon after a proof `role`, of anybody. The last admin stays: 409. An admin whose device is new to an account with passkeys changes neither `role` nor `disabled`: 403 with the reason `new_device`.',
        ...underPolicy,
        ...changeUser,
      },
    },
    async (request) => {
      const { reason, ...body } = request.body
      const changes = changesOf(request, body, reason)
      if (changes.role !== undefined) requireRecentProof(request)
      if (decidesWhoComesIn(changes) && request.apiKey === null) requireKnownDevice(request)
      const user = await administration.change(targetOf(request), changes, requestActorOf(request), readReason(reason))
      const data = isByAdmin(request) ? forAdmin(user) : serializeUser(user, defaultCountry)
      return { success: true, data } as const
    },
  )

  app.delete(
    '/:id',
    {
      config: { setsCookies, scope: 'users:write', needsKnownDevice: true },
      schema: {
        operationId: 'deleteUser',
        summary: 'Delete a user; of oneself only soon after signing in',
        description:
          'With all that is the user’s: addresses, sessions, devices. Oneself asks for a recent proof: see `stepUp`.',
        ...underPolicy,
        ...deleteUser,
      },
    },
    async (request, reply) => {
      const id = targetOf(request)
      if (isAboutSelf(request)) requireRecentProof(request)
      await administration.remove(id, requestActorOf(request), reasonOf(request))
      if (isAboutSelf(request)) cookie.clear(reply)
      return { success: true, data: { id } } as const
    },
  )

  app.delete(
    '/:id/sessions',
    {
      config: { setsCookies, scope: 'sessions:write', needsKnownDevice: true },
      schema: {
        operationId: 'endSessions',
        summary: 'Sign a user out everywhere',
        description: 'Acts on the next request of each session. Devices stay known ones.',
        ...underPolicy,
        ...endSessions,
      },
    },
    async (request, reply) => {
      const reason = reasonOf(request)
      const ended = await administration.endSessions(targetOf(request), requestActorOf(request), reason)
      if (isAboutSelf(request)) cookie.clear(reply)
      return { success: true, data: { ended } } as const
    },
  )
}

type ChangeBody = { user_name?: string; role?: 'USER' | 'ADMIN'; disabled?: boolean; public_metadata?: object }

/**
 * The changes that a body asks for. Of the fields for admins everybody else hears what they hear of fields that there are not.
 * @throws Problem `validation_failed`
 */
function changesOf(request: FastifyRequest, { user_name, ...body }: ChangeBody, reason: string | undefined) {
  const { public_metadata: publicMetadata, ...forAdmins } = body
  const changes = {
    ...(user_name !== undefined && { userName: user_name.trim() }),
    ...forAdmins,
    ...(publicMetadata && { publicMetadata }),
  }
  const given = Object.keys({ ...body, ...(reason !== undefined && { reason }) })
  // Who is an admin is none of an API key's business.
  const refused = given.filter((field) => !isByAdmin(request) || (field === 'role' && request.apiKey !== null))
  if (refused.length > 0) {
    const fields = refused.map((field) => ({ pointer: pointerTo(field), detail: `${field} is not a known field` }))
    throw new Problem('validation_failed', { errors: fields.map(({ detail }) => detail), fields })
  }
  const fault = publicMetadata && metadataFault(publicMetadata)
  if (fault) throw new Problem('validation_failed', atField('public_metadata', `public_metadata ${fault}`))
  if (Object.keys(changes).length === 0) {
    throw new Problem('validation_failed', atField('', 'Give at least one field to change'))
  }
  return changes
}

/** A phished session of an admin would make somebody an admin who lasts, or keep out whoever could undo that. */
function decidesWhoComesIn({ role, disabled }: ChangeBody): boolean {
  return role !== undefined || disabled !== undefined
}

/**
 * Why an admin removes something.
 * @throws Problem `validation_failed` for one of anybody else: the trail is not theirs to write into
 */
function reasonOf(request: FastifyRequest): string | undefined {
  const { reason } = request.query as { reason?: string }
  if (reason !== undefined && !isByAdmin(request)) {
    throw new Problem('validation_failed', { errors: ['reason is not a known field'] })
  }
  return readReason(reason)
}
