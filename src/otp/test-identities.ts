// Test identities: phones and addresses with a fixed code for reviewers of app stores, until a day that the settings name.
import type { OtpSettings } from '../config/config.js'
import { ConfigError } from '../config/reader.js'
import type { Identifier, IdentifierParser } from '../identifiers/parser.js'

export type TestCode = OtpSettings['testCodes'][number]

type TestIdentitiesOptions = {
  testCodes: readonly TestCode[]
  identifiers: Pick<IdentifierParser, 'fromCanonical'>
  /** told how many of them are over already: no reason not to start, since a day passes by itself */
  onEnded: (count: number) => void
}

/** @throws ConfigError where one is no identifier that could sign in here, or not in its canonical form */
export class TestIdentities {
  readonly #testCodes: readonly TestCode[]

  constructor({ testCodes, identifiers, onEnded }: TestIdentitiesOptions) {
    this.#testCodes = testCodes
    const problem =
      'names an identifier that is not accepted here, or not in its canonical form (E.164, lower-case email)'
    if (testCodes.some(({ identifier }) => identifiers.fromCanonical(identifier) === null))
      throw new ConfigError([`TEST_OTPS ${problem}`])
    const ended = testCodes.filter(isOver).length
    if (ended > 0) onEnded(ended)
  }

  /** The fixed code of a test identity; undefined for everybody else, and after its last day. */
  codeOf({ identifier }: Pick<Identifier, 'identifier'>): TestCode | undefined {
    return this.#testCodes.find((testCode) => testCode.identifier === identifier && !isOver(testCode))
  }
}

function isOver({ endsAt }: TestCode): boolean {
  return endsAt.getTime() <= Date.now()
}
