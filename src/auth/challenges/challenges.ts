// A challenge instead of a closed door (contract §10): where a send would be refused by a limit that many share, its sender may prove work.
import type { ChallengeSettings } from '../../config/challenge-settings.js'
import { Altcha } from './altcha.js'
import type { ChallengeBinding, ChallengeProvider, ChallengeSolution } from './provider.js'
import { SiteVerify } from './siteverify.js'

/** Challenges a minute, asked by one replica, with each of which the work grows by as much again, and how far. */
const pressure = { perStep: 60, maxDifficulty: 16 }

type ChallengesDependencies = {
  settings: ChallengeSettings
  /** that all replicas have */
  key: string
}

export class Challenges {
  readonly isOn: boolean
  readonly isAlways: boolean
  readonly #provider: ChallengeProvider | null
  #minute = 0
  #asked = 0

  constructor({ settings, key }: ChallengesDependencies) {
    this.#provider = providerOf(settings, key)
    this.isOn = this.#provider !== null
    this.isAlways = settings.isAlways
  }

  /** What a send without a solution is answered with. The work grows with what this replica has asked in this minute. */
  async create(binding: ChallengeBinding): Promise<object | undefined> {
    const minute = Math.floor(performance.now() / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#asked = 0
    }
    this.#asked += 1
    const difficulty = Math.min(pressure.maxDifficulty, 1 + Math.floor(this.#asked / pressure.perStep))
    return this.#provider?.create(binding, difficulty)
  }

  /**
   * Names a solution that is right, for the decision to spend it; null for any other, and for none.
   * @throws Problem `service_unavailable` where a provider outside cannot be asked
   */
  async verify(solution: ChallengeSolution | undefined, binding: ChallengeBinding): Promise<string | null> {
    if (solution === undefined || this.#provider === null) return null
    return this.#provider.verify(solution, binding)
  }
}

function providerOf({ provider, site }: ChallengeSettings, key: string): ChallengeProvider | null {
  if (provider === 'off') return null
  return site === undefined ? new Altcha(key) : new SiteVerify(provider, site)
}
