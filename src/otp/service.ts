// One-time codes for whoever needs a proof: issue one, check one. Knows nothing of users, sessions or HTTP.
import { v7 as uuid } from 'uuid'
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { Prisma } from '../generated/prisma/client.js'
import { channelOf, type Identifier } from '../identifiers/parser.js'
import { createCodeHasher, generateCode, type OtpPurpose } from './code.js'
import {
  guessStatement,
  type IssuedRow,
  issueStatement,
  type OtpKey,
  type RefusedRow,
  refusalStatement,
  returnCodeStatement,
  returnSendStatement,
} from './statements.js'

/** The lane of everybody: of requests that bring no proof of a known device. */
export const commonLane = ''

export type OtpRequest = Readonly<{
  purpose: OtpPurpose
  identifier: Pick<Identifier, 'method' | 'identifier'>
  lane?: string
}>

export type IssuedCode = Readonly<{
  outcome: 'issued'
  codeId: string
  code: string
  /** seconds */
  expiresIn: number
  /** seconds until the next send is allowed */
  resendAfter: number
  attemptsAllowed: number
}>
/** `retryAfter` is in whole seconds, at least 1 */
export type RefusedCode = Readonly<{ outcome: 'refused'; retryAfter: number }>

/** A code that is ready to be issued by a larger statement. */
export type Issue = Readonly<{
  codeId: string
  code: string
  codeHash: Uint8Array<ArrayBuffer>
  /** see `issueStatement` */
  statement: (lane: Prisma.Sql, codeHash: Prisma.Sql, source: Prisma.Sql) => Prisma.Sql
  /** how long a refused send has to wait, in whole seconds */
  retryAfter: (lane: string) => Promise<number>
  /** what an issued one tells the client */
  issued: (resendAfter: number) => IssuedCode
}>

/** A guess that is ready to be evaluated: the statement, and how to undo it. */
export type Guess = Readonly<{
  /** see `guessStatement` */
  statement: (lane: Prisma.Sql | string, isAllowed?: Prisma.Sql) => Prisma.Sql
  /** gives the code back after it was accepted; best effort */
  giveBack: (codeId: string) => Promise<void>
}>

export type OtpService = ReturnType<typeof createOtpService>

export function createOtpService({ database, settings }: { database: Database; settings: OtpSettings }) {
  const hasher = createCodeHasher(settings.peppers)

  function keyOf({ purpose, identifier, lane = commonLane }: OtpRequest): OtpKey {
    return { identifier: identifier.identifier, purpose, lane }
  }

  function bindingOf({ purpose, identifier }: OtpRequest) {
    return { purpose, channel: channelOf(identifier), identifier: identifier.identifier }
  }

  /** Prepares a code, for {@link issue} or as part of a larger statement. */
  function prepareIssue(request: OtpRequest): Issue {
    const key = keyOf(request)
    const code = generateCode(settings.length)
    const codeId = uuid()
    const codeHash = hasher.forStorage(bindingOf(request), code)
    return {
      codeId,
      code,
      codeHash,
      statement: (lane, hash, source) => issueStatement({ ...key, lane }, codeId, hash, settings, source),
      async retryAfter(lane) {
        const refusal = refusalStatement({ ...key, lane }, settings)
        const [{ retryAfter }] = await database.$queryRaw<[RefusedRow]>(refusal)
        return retryAfter
      },
      issued: (resendAfter) => ({
        outcome: 'issued',
        codeId,
        code,
        expiresIn: settings.timeToLive,
        resendAfter,
        attemptsAllowed: settings.maxAttempts,
      }),
    }
  }

  /** Makes a code and stores its digest, unless cooldown or budgets say no. The code is in the answer and nowhere else. */
  async function issue(request: OtpRequest): Promise<IssuedCode | RefusedCode> {
    const key = keyOf(request)
    const { codeId, codeHash, issued, retryAfter } = prepareIssue(request)
    const [row] = await database.$queryRaw<IssuedRow[]>(issueStatement(key, codeId, codeHash, settings))
    if (row) return issued(row.resendAfter)
    return { outcome: 'refused', retryAfter: await retryAfter(String(key.lane)) }
  }

  /** Takes back a send that never reached anybody, so that it costs its owner nothing. */
  async function returnSend(request: OtpRequest, codeId: string): Promise<void> {
    await database.$executeRaw(returnSendStatement(codeId, keyOf(request)))
  }

  /** Prepares a guess, for {@link verify} or as part of a larger statement. */
  function prepareGuess(request: OtpRequest, code: string): Guess {
    const key = keyOf(request)
    const binding = bindingOf(request)
    return {
      statement: (lane, isAllowed) =>
        guessStatement({ ...key, lane }, hasher.forComparison(binding, code), settings, isAllowed),
      async giveBack(codeId) {
        await database.$executeRaw(returnCodeStatement(codeId, hasher.forStorage(binding, code), key))
      },
    }
  }

  /** Whether the code is the live one, which it then no longer is. */
  async function verify(request: OtpRequest, code: string): Promise<boolean> {
    const statement = prepareGuess(request, code).statement(request.lane ?? commonLane)
    const [guess] = await database.$queryRaw<{ accepted: boolean }[]>(statement)
    return guess?.accepted ?? false
  }

  return { prepareIssue, issue, returnSend, prepareGuess, verify }
}
