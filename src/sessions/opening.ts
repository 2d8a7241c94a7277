// Opening sessions: by itself for a user who is known, or as parts of the statement that proves who it is.
import type { SessionSettings } from '../config/config.js'
import { longestSession } from '../config/session-settings.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { prepare } from '../database/prepared.js'
import { Prisma } from '../generated/prisma/client.js'
import { clientName } from './client-name.js'
import {
  type DeviceValues,
  deviceHashOf,
  draftDevice,
  forgetOldestStatement,
  knownDeviceStatement,
  rememberDeviceStatement,
  touchDeviceStatement,
} from './devices.js'
import { openSessionStatement, type SessionLimits, type SessionOrigin, type SessionValues } from './statements.js'
import type { Tokens } from './tokens.js'

/** The parts of opening a session, for a statement that has the parts `known_device` and `opened` (the first of these). */
export type SessionStatements = Readonly<{
  session: Prisma.Sql
  rememberDevice: Prisma.Sql
  touchDevice: Prisma.Sql
  forgetOldest: Prisma.Sql
}>

/** What a session is opened with, and its device where that is new. */
export type OpeningValues = SessionValues & DeviceValues

/** A session about to be opened inside a larger statement, on a device that is new or known. */
export type SessionDraft = Readonly<{
  values: OpeningValues
  /** of the device, to be told to the client where the device was new */
  deviceToken: string
}>

/** A session that was opened; `deviceToken` only where the device was not known before. */
export type OpenedSession = Readonly<{ token: string; deviceToken: string | undefined }>

/** Who opens a session, with the token of their device where they have one. */
export type Opener = SessionOrigin & Readonly<{ deviceToken: string | undefined }>

type OpenValues = OpeningValues & Readonly<{ userId: string; deviceHash: Uint8Array<ArrayBuffer> | null }>
type OpenRow = { exists: boolean; opened: boolean; isNewDevice: boolean }

export type SessionDependencies = { database: Database; tokens: Tokens; settings: SessionSettings }

export function sessionLimits({ timeToLive }: SessionSettings): SessionLimits {
  return { timeToLive, longest: longestSession }
}

export function createSessionOpening({ database, tokens, settings }: SessionDependencies) {
  const limits = sessionLimits(settings)

  function draft({ userAgent, network }: SessionOrigin): SessionDraft {
    const { token, ...device } = draftDevice()
    return { values: { sessionId: newId(), client: clientName(userAgent), network, ...device }, deviceToken: token }
  }

  /** @param source see `openSessionStatement` */
  function statements(values: OpeningValues, source: Prisma.Sql): SessionStatements {
    const opened = Prisma.sql`opened`
    const known = Prisma.sql`known_device`
    const isKnown = Prisma.sql`EXISTS (SELECT FROM known_device)`
    const deviceId = Prisma.sql`coalesce((SELECT id FROM known_device), ${values.newDeviceId}::uuid)`
    return {
      session: openSessionStatement(values, limits, deviceId, source),
      rememberDevice: rememberDeviceStatement(values, opened, isKnown),
      touchDevice: touchDeviceStatement(known, opened),
      forgetOldest: forgetOldestStatement(opened, isKnown),
    }
  }

  /** The first token of a session that was just opened. */
  function issueToken(userId: string, sessionId: string): string {
    return tokens.issue(userId, sessionId, settings.tokenTimeToLive)
  }

  /** What the client of a draft gets, once its statement has opened the session. */
  function opened({ values, deviceToken }: SessionDraft, userId: string, isNewDevice: boolean): OpenedSession {
    return { token: issueToken(userId, values.sessionId), deviceToken: isNewDevice ? deviceToken : undefined }
  }

  const openSession = prepare<OpenValues, [OpenRow]>((of) => {
    const opening = statements(of, Prisma.sql`account`)
    return Prisma.sql`
      WITH account AS (SELECT id, disabled_at FROM users WHERE id = ${of.userId}::uuid FOR KEY SHARE),
      known_device AS (${knownDeviceStatement(of.deviceHash, Prisma.sql`u.id = ${of.userId}::uuid`)}),
      opened AS (${opening.session}),
      remembered AS (${opening.rememberDevice}),
      touched AS (${opening.touchDevice}),
      forgotten AS (${opening.forgetOldest})
      SELECT EXISTS (SELECT FROM account) AS exists, EXISTS (SELECT FROM opened) AS opened,
        EXISTS (SELECT FROM remembered) AS "isNewDevice"`
  })

  /** Opens a session, or says why there can be none. */
  async function open(userId: string, opener: Opener): Promise<OpenedSession | 'disabled' | 'gone'> {
    const session = draft(opener)
    const [row] = await openSession(database, { ...session.values, userId, deviceHash: deviceHashOf(opener) })
    if (row.opened) return opened(session, userId, row.isNewDevice)
    return row.exists ? 'disabled' : 'gone'
  }

  return { draft, statements, opened, open }
}
