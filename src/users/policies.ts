// Who may come in. Each audience is a scope of routes with its rule on the scope, before a body is read and again when it is there,
// so that no route in it can forget it. Call one of these first in the plugin that registers the routes. What changes something asks
// once more, in its transaction (acting.ts). An API key comes in where an admin does, by routes alone that say of which scope they are.
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditTrail } from '../audit/events.js'
import { Problem } from '../errors.js'
import { aroundBody } from '../http/around-body.js'
import { type Client, clientOf } from '../http/client.js'
import { bearerOf } from '../http/headers.js'
import type { DocumentedError } from '../http/responses.js'
import { uuidPattern } from '../http/uuid.js'
import { closed } from '../http/validation.js'
import { type ApiKey, type ApiKeys, isApiKey, keyIsNone, notForKeys, type Scope } from '../sessions/api-keys.js'
import { actorOf, createAuthenticate, security, signedIn } from '../sessions/authenticate.js'
import type { SessionCookie } from '../sessions/cookies.js'
import type { SessionService } from '../sessions/service.js'
import type { RequestActor, UserActor } from './acting.js'
import type { UsersService } from './service.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** of routes that an API key may call: the scope that it needs */
    scope?: Scope
  }
  interface FastifyRequest {
    /** the API key that the request comes by; null where it comes from somebody signed in */
    apiKey: ApiKey | null
  }
}

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

type PolicyDependencies = {
  sessions: SessionService
  cookie: SessionCookie
  audit: AuditTrail
  apiKeys: ApiKeys
  users: UsersService
}

export class Policies {
  readonly #audit: AuditTrail
  readonly #apiKeys: ApiKeys
  readonly #users: UsersService
  readonly #cookieNames
  readonly #authenticate

  constructor({ sessions, cookie, audit, apiKeys, users }: PolicyDependencies) {
    this.#audit = audit
    this.#apiKeys = apiKeys
    this.#users = users
    this.#cookieNames = cookie.names
    this.#authenticate = createAuthenticate(sessions, { cookie, audit })
  }

  /** The same answer whatever the route, and whether its user exists or not. */
  async #refuse(request: FastifyRequest): Promise<never> {
    const { userId, client, call } = userActorOf(request)
    await this.#audit.record(client, { event: 'authz_fail', userId, detail: call })
    throw new Problem('forbidden')
  }

  /** Lets the routes of a scope in by a rule on who is signed in. */
  #admit(app: FastifyInstance, rule: (request: FastifyRequest) => Promise<void> | void): void {
    const { onRequest, preValidation } = aroundBody(async (request, reply) => {
      const token = bearerOf(request)
      if (token !== null && isApiKey(token)) return this.#admitKey(request, token)
      await this.#authenticate(request, reply)
      await rule(request)
      if (request.routeOptions.config.needsKnownDevice) requireKnownDevice(request)
    })
    app.addHook('onRequest', onRequest)
    app.addHook('preValidation', preValidation)
  }

  /**
   * Lets an API key in by the scope of the route; each call is an event, whatever becomes of it. Admins are not there for a key: what it
   * asks about them is answered as about nobody.
   */
  async #admitKey(request: FastifyRequest, token: string): Promise<void> {
    // RFC 6750 §3.1: more than one method at once. A page's cookies beside a key are a key in a browser, or somebody else's request sent on.
    if (this.#cookieNames.some((name) => Object.hasOwn(request.cookies, name))) {
      throw new Problem('validation_failed', { errors: ['Send an API key without cookies'] })
    }
    const isFirst = request.apiKey === null
    const key = await this.#apiKeys.find(token)
    if (key === null) throw new Problem('unauthorized', keyIsNone)
    request.apiKey = key
    const { scope } = request.routeOptions.config
    const id = namedIn(request).toLowerCase()
    const isForKeys = scope !== undefined && id !== 'me'
    const isAllowed = isForKeys && key.scopes.includes(scope)
    const { client, call } = originOf(request)
    const target = uuid.test(id) ? id : undefined
    if (isFirst) {
      const event = isAllowed ? 'authz_admin' : 'authz_fail'
      const named = target !== undefined && scope !== undefined && { userId: target }
      await this.#audit.record(client, { event, ...named, actorId: key.id, detail: `api key: ${call}` })
    }
    // A key is nobody who is signed in, which is what the other routes ask for; nor is there anybody whom `me` could be.
    if (!isForKeys) throw new Problem('unauthorized', notForKeys)
    if (!isAllowed) throw new Problem('forbidden', { scope, errors: [`This API key has not the scope ${scope}`] })
    if (target !== undefined && (await this.#users.isAdmin(target))) throw new Problem('not_found')
  }

  /** Whoever is signed in, about nobody but themselves. */
  forSelf(app: FastifyInstance): void {
    this.#admit(app, () => {})
  }

  /** Whoever is signed in, about themselves, soon after they proved that it is them. */
  forSelfProven(app: FastifyInstance): void {
    this.#admit(app, requireRecentProof)
  }

  /** Admins, and API keys. */
  forAdmins(app: FastifyInstance): void {
    this.#admit(app, async (request) => {
      if (!isByAdmin(request)) await this.#refuse(request)
    })
  }

  /** Admins, soon after they proved that it is them, and API keys, which prove nothing else. */
  forAdminsProven(app: FastifyInstance): void {
    this.#admit(app, async (request) => {
      if (!isByAdmin(request)) await this.#refuse(request)
      requireRecentProof(request)
    })
  }

  /** Admins, API keys, and the user whom the parameter `id` of each route names. */
  forAdminsAndSelf(app: FastifyInstance): void {
    this.#admit(app, async (request) => {
      const isAllowed = isAboutSelf(request) || isByAdmin(request)
      if (!isAllowed) await this.#refuse(request)
    })
  }
}

/** Where a request comes from, and what it asks. */
function originOf(request: FastifyRequest): Readonly<{ client: Client; call: string }> {
  return { client: clientOf(request), call: `${request.method} ${request.routeOptions.url}` }
}

/** Who acts by a request that somebody signed in sent: for services, which ask once more whether they may, where they act. */
export function userActorOf(request: FastifyRequest): UserActor & { client: Client } {
  return { ...actorOf(request), ...originOf(request) }
}

/** Who acts by a request that an API key may have sent. */
export function requestActorOf(request: FastifyRequest): RequestActor & { client: Client } {
  return request.apiKey === null ? userActorOf(request) : { keyId: request.apiKey.id, ...originOf(request) }
}

/** Whether an admin asks, or an API key in their stead; the role is read from the database with each request. */
export function isByAdmin(request: FastifyRequest): boolean {
  return request.apiKey !== null || signedIn(request).user.role === 'ADMIN'
}

/** Whether somebody signed in asks about themselves. */
export function isAboutSelf(request: FastifyRequest): boolean {
  return request.apiKey === null && targetOf(request) === signedIn(request).user.id
}

/** The parameter `id` as it was written; '' where the route has none. */
function namedIn({ params }: FastifyRequest): string {
  return String(Reflect.get(Object(params), 'id') ?? '')
}

const uuid = new RegExp(uuidPattern)

/**
 * The id of the user whom a route with the parameter `id` is about; `me` is whoever asks. Paths tell capitals apart: `/users/ME` is
 * nothing, since what is below `me` is found under that name alone.
 * @throws Problem `validation_failed`, `not_found`
 */
export function targetOf(request: FastifyRequest): string {
  const written = namedIn(request)
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
 * the session now: for a day it may neither add nor remove ways to sign in, nor end other sessions or the account (contract §11), nor, as
 * an admin, make what outlasts that: API keys, admins, and users who are disabled. Said of a session when it is opened, and never of one
 * that is there.
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
