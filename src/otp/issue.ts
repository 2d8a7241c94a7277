// Codes that are ready to be issued, alone or as part of a larger statement.
import type { OtpSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import type { Prisma } from '../generated/prisma/client.js'
import { channelOf, type Identifier } from '../identifiers/parser.js'
import type { createCodes, OtpPurpose } from './code.js'
import {
  exchangeCodeStatement,
  type IssuedRow,
  type IssueSurroundings,
  type IssueValues,
  issueStatement,
  type RefusedRow,
  refusalStatement,
} from './issue-statements.js'
import type { OtpKey, OtpSlot } from './statements.js'
import type { TestCode, TestIdentities } from './test-identities.js'
import { testIssueStatement, testRefusalStatement } from './test-statements.js'

/** The lane of everybody: of requests that bring no proof of a known device. */
export const commonLane = ''

export type OtpRequest = Readonly<{
  purpose: OtpPurpose
  identifier: Pick<Identifier, 'method' | 'identifier'>
  lane?: string
  /** the session that asks, where the code is to work in no other */
  session?: string | undefined
}>

export type IssuedCode = Readonly<{
  outcome: 'issued'
  /** names this send */
  codeId: string
  /** a new one, or the one of the send before */
  code: string
  /** seconds */
  expiresIn: number
  /** seconds until the next send is allowed */
  resendAfter: number
  attemptsAllowed: number
}>

export type Issue = Readonly<{
  /** the code is a fixed one that its owner knows: no message goes out */
  isTest: boolean
  /** what the statement is filled with */
  values: IssueValues
  /** how long a refused send has to wait, in whole seconds */
  retryAfter: (lane: string) => Promise<number>
  /** what was issued, to be asked where the statement gave a row */
  issued: (row: IssuedRow) => Promise<IssuedCode>
}>

export type IssueDependencies = Readonly<{
  database: Database
  settings: OtpSettings
  codes: ReturnType<typeof createCodes>
  testIdentities: TestIdentities | undefined
}>

export function keyOf({ purpose, identifier, lane = commonLane }: OtpRequest): OtpKey {
  return { identifier: identifier.identifier, purpose, lane }
}

export function bindingOf({ purpose, identifier, session }: OtpRequest) {
  return { purpose, channel: channelOf(identifier), identifier: identifier.identifier, session }
}

export function createIssues({ database, settings, codes, testIdentities }: IssueDependencies) {
  /**
   * Issues a code: see `issueStatement`.
   * @param isTest for the fixed code of a test identity
   */
  function statement(
    values: IssueValues,
    { isTest, ...slot }: OtpSlot & Readonly<{ isTest: boolean }>,
    surroundings?: IssueSurroundings,
  ): Prisma.Sql {
    const compose = isTest ? testIssueStatement : issueStatement
    return compose(values, slot, settings, surroundings)
  }

  async function wait(refusal: Prisma.Sql): Promise<number> {
    const [{ retryAfter }] = await database.$queryRaw<[RefusedRow]>(refusal)
    return retryAfter
  }

  /** Prepares a code: the fixed one of a test identity that signs in, else one that the row decides about. */
  function prepareIssue(request: OtpRequest): Issue {
    const testCode = request.purpose === 'sign_in' ? testIdentities?.codeOf(request.identifier) : undefined
    return testCode === undefined ? prepareDraft(request) : prepareTestCode(request, testCode)
  }

  function prepareDraft(request: OtpRequest): Issue {
    const key = keyOf(request)
    const binding = bindingOf(request)
    const drafted = codes.draft(binding)
    const draft = { codeId: newId(), ...drafted.stored }

    /** A code that no pepper of ours makes again, or another session's, gives way to the draft; its guesses and its time go on. */
    async function exchange(): Promise<string> {
      await database.$executeRaw(exchangeCodeStatement(key, draft))
      return drafted.code
    }

    return {
      isTest: false,
      values: { identifier: key.identifier, ...draft, endsAt: null },
      retryAfter: (lane) => wait(refusalStatement({ ...key, lane }, settings)),
      async issued(row) {
        const code = codes.recover(binding, row, drafted) ?? (await exchange())
        return issuedCode(row, draft.codeId, code)
      },
    }
  }

  function prepareTestCode(request: OtpRequest, { code, endsAt }: TestCode): Issue {
    const key = keyOf(request)
    const codeId = newId()
    const codeHash = codes.forStorage(bindingOf(request), code)
    return {
      isTest: true,
      values: { identifier: key.identifier, codeId, codeHash, codeSeed: null, endsAt },
      retryAfter: (lane) => wait(testRefusalStatement({ ...key, lane })),
      issued: async (row) => issuedCode(row, codeId, code),
    }
  }

  return { prepareIssue, statement }
}

function issuedCode({ expiresIn, resendAfter, attemptsAllowed }: IssuedRow, codeId: string, code: string): IssuedCode {
  return { outcome: 'issued', codeId, code, expiresIn, resendAfter, attemptsAllowed }
}
