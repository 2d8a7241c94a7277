// One-time codes for whoever needs a proof: issue one, check one. Knows nothing of users, sessions or HTTP.
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { Prisma } from '../generated/prisma/client.js'
import { createCodes } from './code.js'
import { bindingOf, commonLane, createIssues, type IssuedCode, keyOf, type OtpRequest } from './issue.js'
import type { IssuedRow } from './issue-statements.js'
import {
  type GuessConditions,
  type GuessValues,
  guessStatement,
  type OtpSlot,
  returnCodeStatement,
  returnSendStatement,
} from './statements.js'
import type { TestIdentities } from './test-identities.js'

/** `retryAfter` is in whole seconds, at least 1 */
export type RefusedCode = Readonly<{ outcome: 'refused'; retryAfter: number }>

/** A guess that is ready to be evaluated: what the statement is filled with, and how to undo it. */
export type Guess = Readonly<{
  values: GuessValues
  /** gives the code back after it was accepted; best effort */
  giveBack: (codeId: string) => Promise<void>
}>

export type OtpService = ReturnType<typeof createOtpService>

type OtpDependencies = {
  database: Database
  settings: OtpSettings
  /** none unless given */
  testIdentities?: TestIdentities
}

export function createOtpService({ database, settings, testIdentities }: OtpDependencies) {
  const codes = createCodes(settings.peppers, settings.length)
  const { prepareIssue, statement: composeIssue } = createIssues({ database, settings, codes, testIdentities })

  /** Sends the live code again, or makes one, unless cooldown or budgets say no. The code is in the answer and nowhere else. */
  async function issue(request: OtpRequest): Promise<IssuedCode | RefusedCode> {
    const lane = request.lane ?? commonLane
    const { values, isTest, issued, retryAfter } = prepareIssue(request)
    const statement = composeIssue(values, { purpose: request.purpose, lane, isTest })
    const [row] = await database.$queryRaw<IssuedRow[]>(statement)
    return row ? issued(row) : { outcome: 'refused', retryAfter: await retryAfter(lane) }
  }

  /** Takes back a send that never reached anybody, so that it costs its owner nothing. An earlier message's code stays good. */
  async function returnSend(request: OtpRequest, codeId: string): Promise<void> {
    await database.$executeRaw(returnSendStatement(codeId, keyOf(request)))
  }

  /** Evaluates a guess, alone or as part of a larger statement: see `guessStatement`. */
  function composeGuess(values: GuessValues, slot: OtpSlot, conditions?: GuessConditions): Prisma.Sql {
    return guessStatement(values, slot, settings, conditions)
  }

  /** Prepares a guess, for {@link verify} or for a larger statement. */
  function prepareGuess(request: OtpRequest, code: string): Guess {
    const key = keyOf(request)
    const binding = bindingOf(request)
    return {
      values: { identifier: key.identifier, ...codes.forComparison(binding, code) },
      async giveBack(codeId) {
        await database.$executeRaw(returnCodeStatement(codeId, codes.forStorage(binding, code), key))
      },
    }
  }

  /** Whether the code is the live one, which it then no longer is. */
  async function verify(request: OtpRequest, code: string): Promise<boolean> {
    const { purpose, lane = commonLane } = request
    const statement = composeGuess(prepareGuess(request, code).values, { purpose, lane })
    const [guess] = await database.$queryRaw<{ accepted: boolean }[]>(statement)
    return guess?.accepted ?? false
  }

  return { prepareIssue, composeIssue, issue, returnSend, prepareGuess, composeGuess, verify }
}
