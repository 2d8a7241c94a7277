// The session cookie: set, renewed and cleared with the same attributes, which is what makes a browser really clear it.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'
import type { SessionSettings } from '../config/config.js'
import { deviceTimeToLive } from './devices.js'

export type SessionCookie = ReturnType<typeof createSessionCookie>

export function createSessionCookie(settings: SessionSettings) {
  // RFC 6265bis §4.1.3.2: no Domain, Path=/ and Secure are what the prefix `__Host-` promises
  const attributes: CookieSerializeOptions = {
    path: '/',
    httpOnly: true,
    secure: settings.secureCookies,
    sameSite: settings.cookieSameSite,
  }

  return {
    name: settings.cookieName,
    /** @param lifetime seconds that the token lives */
    set(reply: FastifyReply, token: string, lifetime = settings.tokenTimeToLive): void {
      reply.setCookie(settings.cookieName, token, { ...attributes, maxAge: lifetime })
    },
    /** Sets the device's token where there is a new one, and returns the member of the answer that carries it too. */
    setDevice(reply: FastifyReply, deviceToken: string | undefined): { device_token?: string } {
      if (deviceToken === undefined) return {}
      reply.setCookie('device', deviceToken, { ...attributes, maxAge: deviceTimeToLive })
      return { device_token: deviceToken }
    },
    clear(reply: FastifyReply): void {
      reply.clearCookie(settings.cookieName, attributes)
    },
  }
}
