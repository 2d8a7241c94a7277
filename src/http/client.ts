// Where a request comes from, as far as services have to know.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type ClientAddress, clientAddress } from './address.js'
import { requestedLanguages } from './languages.js'
import { type ClientReader, createClientReader, type ProxySettings } from './proxies.js'

declare module 'fastify' {
  interface FastifyInstance {
    readClient: ClientReader
  }
  interface FastifyRequest {
    /** null until somebody asks {@link clientAddressOf} */
    clientAddress: ClientAddress | null
  }
}

export type Client = ClientAddress &
  Readonly<{
    requestId: string
    /** what the client says that it is; undefined where it says nothing */
    userAgent: string | undefined
    /** what a device keeps that somebody signed in on; undefined where the client sent none */
    deviceToken: string | undefined
    /** that are asked for (BCP 47), the most wanted first; none where the client does not say */
    languages: readonly string[]
  }>

/** By which the lines of the log that tell of one request are found. */
export type LogOrigin = Pick<Client, 'requestId'>

/**
 * Gives requests the place where {@link clientAddressOf} keeps what it has read.
 * @param onUnreadable told of each request whose client a trusted proxy does not name by an address; the log is told once
 */
export function keepClientAddresses(app: FastifyInstance, proxies: ProxySettings, onUnreadable?: () => void): void {
  app.decorateRequest('clientAddress', null)
  let isTold = false
  const reader = createClientReader(proxies, () => {
    onUnreadable?.()
    if (isTold) return
    isTold = true
    app.log.warn(
      { header: proxies.header },
      'a trusted proxy names clients by what is no address: they share the limits of the proxy (TRUST_PROXY, PROXY_HEADER)',
    )
  })
  app.decorate('readClient', reader)
}

/** The client's address, as the nearest trusted proxy says. It is read once for each request: the flood guard asks first. */
export function clientAddressOf(request: FastifyRequest): ClientAddress {
  request.clientAddress ??= clientAddress(request.server.readClient(request.raw))
  return request.clientAddress
}

/** @param deviceToken from the body, where clients without cookies send it; it wins over the cookie */
export function clientOf(request: FastifyRequest, deviceToken?: string): Client {
  const { id, headers, cookies } = request
  return {
    ...clientAddressOf(request),
    requestId: id,
    userAgent: headers['user-agent'],
    deviceToken: deviceToken ?? cookies['device'],
    // Read when they are asked for: only messages and new accounts have a language.
    get languages() {
      return requestedLanguages(headers)
    },
  }
}
