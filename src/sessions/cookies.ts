// The session cookie: set, renewed and cleared with the same attributes, which is what makes a browser really clear it.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'
import type { SessionSettings } from '../config/config.js'
import { otherCookies } from '../config/session-settings.js'
import { deviceTimeToLive } from './devices.js'

export class SessionCookie {
  readonly #settings: SessionSettings
  // RFC 6265bis §4.1.3.2: no Domain, Path=/ and Secure are what the prefix `__Host-` promises
  readonly #attributes: CookieSerializeOptions
  readonly name

  constructor(settings: SessionSettings) {
    this.#settings = settings
    this.#attributes = {
      path: '/',
      httpOnly: true,
      secure: settings.secureCookies,
      sameSite: settings.cookieSameSite,
    }
    this.name = settings.cookieName
  }

  /** Of all cookies that we ever set. */
  get names(): readonly string[] {
    return [this.name, ...otherCookies]
  }

  /** @param lifetime seconds that it is kept: as its session, which it renews its token of */
  set(reply: FastifyReply, token: string, lifetime = this.#settings.timeToLive): void {
    reply.setCookie(this.#settings.cookieName, token, { ...this.#attributes, maxAge: lifetime })
  }

  /** Sets the device's token where there is a new one, and returns the member of the answer that carries it too. */
  setDevice(reply: FastifyReply, deviceToken: string | undefined): { device_token?: string } {
    if (deviceToken === undefined) return {}
    reply.setCookie('device', deviceToken, { ...this.#attributes, maxAge: deviceTimeToLive })
    return { device_token: deviceToken }
  }

  /** What binds a challenge to this browser, for as long as that lives (seconds). */
  setPasskeyHolder(reply: FastifyReply, holder: string, lifetime: number): void {
    reply.setCookie('passkey', holder, { ...this.#attributes, maxAge: lifetime })
  }

  clear(reply: FastifyReply): void {
    reply.clearCookie(this.#settings.cookieName, this.#attributes)
  }
}
