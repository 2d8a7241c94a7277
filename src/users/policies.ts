// Who may come in. Each audience is a scope of routes with its rule on the scope, before a body is read and again when it is there,
// so that no route in it can forget it. Call one of these first in the plugin that registers the routes. What changes something asks
// once more, in its transaction (acting.ts).
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditTrail } from '../audit/events.js'
import { Problem } from '../errors.js'
import { aroundBody } from '../http/around-body.js'
import { type Client, clientOf } from '../http/client.js'
import type { DocumentedError } from '../http/responses.js'
import { uuidPattern } from '../http/uuid.js'
import { closed } from '../http/validation.js'
import { actorOf, createAuthenticate, security, signedIn } from '../sessions/authenticate.js'
import type { SessionCookie } from '../sessions/cookies.js'
import type { SessionService } from '../sessions/service.js'
import type { RequestActor } from './acting.js'

/** What every route of a scope says of itself in the OpenAPI document. */
export const underPolicy = {
  tags: ['Users'],
  security,
  // A parameter that a route does not know might mean something on another one: `others=true` there spares the session that asks.
  querystring: Type.Object({}, closed),
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** for routes that change how an account is signed in to, or end what others of it have: see {@link requireKnownDevice} */
    needsKnownDevice?: true
  }
}

type PolicyDependencies = { sessions: SessionService; cookie: SessionCookie; audit: AuditTrail }

export class Policies {
  readonly #audit: AuditTrail
  readonly #authenticate

  constructor({ sessions, cookie, audit }: PolicyDependencies) {
    this.#audit = audit
    this.#authenticate = createAuthenticate(sessions, { cookie, audit })
  }

  /** The same answer whatever the route, and whether its user exists or not. */
  async #refuse(request: FastifyRequest): Promise<never> {
    const { userId, client, call } = requestActorOf(request)
    await this.#audit.record(client, { event: 'authz_fail', userId, detail: call })
    throw new Problem('forbidden')
  }

  /** Lets the routes of a scope in by a rule on who is signed in. */
  #admit(app: FastifyInstance, rule: (request: FastifyRequest) => Promise<void> | void): void {
    const { onRequest, preValidation } = aroundBody(async (request, reply) => {
      await this.#authenticate(request, reply)
      await rule(request)
      if (request.routeOptions.config.needsKnownDevice) requireKnownDevice(request)
    })
    app.addHook('onRequest', onRequest)
    app.addHook('preValidation', preValidation)
  }

  /** Whoever is signed in, about nobody but themselves. */
  forSelf(app: FastifyInstance): void {
    this.#admit(app, () => {})
  }

  /** Whoever is signed in, about themselves, soon after they proved that it is them. */
  forSelfProven(app: FastifyInstance): void {
    this.#admit(app, requireRecentProof)
  }

  /** Admins. */
  forAdmins(app: FastifyInstance): void {
    this.#admit(app, async (request) => {
      if (!isByAdmin(request)) await this.#refuse(request)
    })
  }

  /** Admins, soon after they proved that it is them. */
  forAdminsProven(app: FastifyInstance): void {
    this.#admit(app, async (request) => {
      if (!isByAdmin(request)) await this.#refuse(request)
      requireRecentProof(request)
    })
  }

  /** Admins and the user whom the parameter `id` of each route names. */
  forAdminsAndSelf(app: FastifyInstance): void {
    this.#admit(app, async (request) => {
      const isAllowed = targetOf(request) === signedIn(request).user.id || isByAdmin(request)
      if (!isAllowed) await this.#refuse(request)
    })
  }
}

/** Who acts by a request: for services, which ask once more whether they may, where they act. */
export function requestActorOf(request: FastifyRequest): RequestActor & { client: Client } {
  const call = `${request.method} ${request.routeOptions.url}`
  return { ...actorOf(request), client: clientOf(request), call }
}

/** Whether an admin asks; the role is read from the database with each request. */
export function isByAdmin(request: FastifyRequest): boolean {
  return signedIn(request).user.role === 'ADMIN'
}

const uuid = new RegExp(uuidPattern)

/**
 * The id of the user whom a route with the parameter `id` is about; `me` is whoever asks. Paths tell capitals apart: `/users/ME` is
 * nothing, since what is below `me` is found under that name alone.
 * @throws Problem `validation_failed`, `not_found`
 */
export function targetOf(request: FastifyRequest): string {
  const written = String(Reflect.get(Object(request.params), 'id'))
  const id = written.toLowerCase()
  if (id === 'me') {
    if (written !== id) throw new Problem('not_found')
    return signedIn(request).user.id
  }
  if (!uuid.test(id)) throw new Problem('validation_failed', { errors: ['id must be a UUID, or me'] })
  return id
}

/**
 * What cannot be undone asks for a recent proof: a sign-in or step-up of this session within the last 15 minutes.
 * @throws Problem `step_up_required`
 */
export function requireRecentProof(request: FastifyRequest): void {
  if (!signedIn(request).isRecentlyProven) throw new Problem('step_up_required')
}

/**
 * Who has a passkey and signs in by a code on a device that is not known may have been led to a page that only looks like ours, which has
 * the session now: for a day it may neither add nor remove ways to sign in, nor end other sessions or the account (contract §11). Said of
 * a session when it is opened, and never of one that is there.
 * @throws Problem `forbidden` with the reason `new_device`, and the seconds until it may
 */
export function requireKnownDevice(request: FastifyRequest): void {
  const { restrictedFor } = signedIn(request)
  if (restrictedFor === null) return
  throw new Problem('forbidden', { ...newDevice, retryAfter: restrictedFor })
}

const newDevice = {
  reason: 'new_device',
  errors: ['This device is new to an account with passkeys: use one that is known, or wait'],
}

/** What routes with `needsKnownDevice` can answer. */
export const newDeviceError: DocumentedError = { code: 'forbidden', details: { ...newDevice, retryAfter: 86_400 } }
