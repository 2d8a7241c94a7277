// What a provider of challenges does: makes one, and tells whether it was solved.
import type { CodeBinding } from '../../otp/code.js'

/** The send that a challenge is for: its solution opens no other. */
export type ChallengeBinding = Pick<CodeBinding, 'purpose' | 'identifier'>

/** What a client sends back: what a widget made, as a text or unpacked. */
export type ChallengeSolution = string | object

export interface ChallengeProvider {
  /**
   * What the client is given to solve.
   * @param difficulty from 1, which costs a phone about a second, up
   */
  create(binding: ChallengeBinding, difficulty: number): Promise<object>

  /**
   * Names the solution, so that it can be spent once; null where it is wrong, has ended or is for another send.
   * @throws Problem `service_unavailable` where a provider outside cannot be asked
   */
  verify(solution: ChallengeSolution, binding: ChallengeBinding): Promise<string | null>
}
