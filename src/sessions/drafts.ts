// Creating sessions: what the decisions that sign somebody in are given, and what the client gets. The SQL is in
// prisma/functions/shared/sessions.sql.

import Bowser from 'bowser'
import type { SessionSettings } from '../config/config.js'
import { maxSessionLifetime } from '../config/session-settings.js'
import { newId } from '../database/ids.js'
import type { Session } from '../generated/prisma/client.js'
import { type DeviceValues, deviceTimeToLive, draftDevice, maxDevices } from './devices.js'
import type { SessionOrigin, SessionValues } from './statements.js'
import type { Tokens } from './tokens.js'

/** What a session is opened with, and its device where that is new. */
export type SessionDraftValues = SessionValues & DeviceValues

/** A session about to be opened, on a device that is new or known. */
export type SessionDraft = Readonly<{
  values: SessionDraftValues
  /** of the device, to be told to the client where the device was new */
  deviceToken: string
}>

/** A session that was opened; `deviceToken` only where the device was not known before. */
export type CreatedSession = Readonly<{ token: string; deviceToken: string | undefined }>

/** A session to be opened beside another one, and the token of who gets it. */
export type SessionBranch = Readonly<{
  values: Omit<Session, 'tokenId' | 'previousTokenId' | 'tokenIssuedAt'>
  token: string
}>

/** Characters of `sessions.device`. */
const maxDeviceName = 100

/** Makes what sessions are created with, and what their clients get. */
export class SessionDrafts {
  readonly #tokens: Tokens
  readonly #settings: SessionSettings
  /** What decisions that create sessions are given: seconds, and a number of devices. */
  readonly creationLimits

  constructor(tokens: Tokens, settings: SessionSettings) {
    this.#tokens = tokens
    this.#settings = settings
    this.creationLimits = { sessionTtl: settings.timeToLive, deviceTtl: deviceTimeToLive, maxDevices }
  }

  draft({ userAgent, network }: SessionOrigin): SessionDraft {
    const { token, ...device } = draftDevice()
    return { values: { sessionId: newId(), client: clientName(userAgent), network, ...device }, deviceToken: token }
  }

  /**
   * A session beside another one, for somebody else whom its user sends in its stead: as old as it, proven when it was, on its device, so
   * that nobody gets by a detour what the first one has not. It ends by itself, and only by itself.
   * @param where a few words for the user, behind those of the device
   */
  branch(parent: Session, where: string, now: Date): SessionBranch {
    const { userId, createdAt, provedAt, network, deviceId, byTestCode, restrictedUntil } = parent
    const end = Number(createdAt) + maxSessionLifetime * 1_000
    const secondsLeft = Math.max(1, Math.floor((end - Number(now)) / 1_000))
    const id = newId()
    const values = {
      id,
      userId,
      createdAt,
      provedAt,
      network,
      deviceId,
      byTestCode,
      restrictedUntil,
      lastSeenAt: now,
      expiresAt: new Date(Math.min(Number(now) + this.#settings.timeToLive * 1_000, end)),
      device: [parent.device, where]
        .filter((each) => each !== null)
        .join(', ')
        .slice(0, maxDeviceName),
    }
    const token = this.#tokens.issue(userId, id, Math.min(this.#settings.tokenTimeToLive, secondsLeft))
    return { values, token }
  }

  /** What the client of a draft gets, once the session is there. */
  created({ values, deviceToken }: SessionDraft, userId: string, isNewDevice: boolean): CreatedSession {
    const token = this.#tokens.issue(userId, values.sessionId, this.#settings.tokenTimeToLive)
    return { token, deviceToken: isNewDevice ? deviceToken : undefined }
  }
}

// What a client is, in a few words for its user: "Chrome on Android". Browsers' own header is a fingerprint and is not kept.

/** Characters of the header that are looked at: browsers need fewer, and reading takes as long as the text. */
const maxRead = 255

/** What a name is made of: the header is whatever a client wrote, and the words are shown to a person. */
const plainName = /^[A-Za-z][\w .&+-]{0,39}$/

/** Browser and system, or the name of an app, or null. Versions change every month and would tell more than is needed. */
export function clientName(userAgent: string | undefined): string | null {
  const header = userAgent?.slice(0, maxRead).trim()
  if (!header) return null
  const parser = Bowser.getParser(header, true)
  const [browser, system] = [parser.getBrowserName(), parser.getOSName()].map((name) => name.replace(/ for .*/, ''))
  const name = [browser, /^[^/\s]*/.exec(header)?.[0]].find((text) => text && plainName.test(text))
  if (name === undefined) return null
  return system ? `${name} on ${system}` : name
}
