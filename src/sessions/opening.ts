// Opening sessions: what the decisions that sign somebody in are given, and what the client gets. The SQL is in
// prisma/functions/shared/sessions.sql.
import type { SessionSettings } from '../config/config.js'
import { longestSession } from '../config/session-settings.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { clientName } from './client-name.js'
import { type DeviceValues, deviceTimeToLive, draftDevice, maxDevices } from './devices.js'
import type { SessionLimits, SessionOrigin, SessionValues } from './statements.js'
import type { Tokens } from './tokens.js'

/** What a session is opened with, and its device where that is new. */
export type OpeningValues = SessionValues & DeviceValues

/** A session about to be opened, on a device that is new or known. */
export type SessionDraft = Readonly<{
  values: OpeningValues
  /** of the device, to be told to the client where the device was new */
  deviceToken: string
}>

/** A session that was opened; `deviceToken` only where the device was not known before. */
export type OpenedSession = Readonly<{ token: string; deviceToken: string | undefined }>

export type SessionDependencies = { database: Database; tokens: Tokens; settings: SessionSettings }

export function sessionLimits({ timeToLive }: SessionSettings): SessionLimits {
  return { timeToLive, longest: longestSession }
}

export function createSessionOpening({ tokens, settings }: Pick<SessionDependencies, 'tokens' | 'settings'>) {
  function draft({ userAgent, network }: SessionOrigin): SessionDraft {
    const { token, ...device } = draftDevice()
    return { values: { sessionId: newId(), client: clientName(userAgent), network, ...device }, deviceToken: token }
  }

  /** The first token of a session that was just opened. */
  function issueToken(userId: string, sessionId: string): string {
    return tokens.issue(userId, sessionId, settings.tokenTimeToLive)
  }

  /** What the client of a draft gets, once the session is open. */
  function opened({ values, deviceToken }: SessionDraft, userId: string, isNewDevice: boolean): OpenedSession {
    return { token: issueToken(userId, values.sessionId), deviceToken: isNewDevice ? deviceToken : undefined }
  }

  /** What decisions that open sessions are given: seconds, and a number of devices. */
  const openingLimits = { sessionTtl: settings.timeToLive, deviceTtl: deviceTimeToLive, maxDevices }

  return { draft, openingLimits, opened }
}
