// Numbers whose owners have told a provider that they want no messages of ours (STOP): none is tried for a day.
import type { Database } from '../database/client.js'

/** @param hashOf by which events know an identifier, the way in which it is kept */
export class OptOuts {
  readonly #database: Database
  readonly #hashOf: (identifier: string) => Uint8Array<ArrayBuffer>
  readonly #asking
  readonly #noting

  constructor(database: Database, hashOf: (identifier: string) => Uint8Array<ArrayBuffer>) {
    this.#database = database
    this.#hashOf = hashOf
    const [asking, noting] = [this.#call('has_opted_out'), this.#call('note_opt_out')]
    this.#asking = asking
    this.#noting = noting
  }

  #call(name: string) {
    return `SELECT "${this.#database.functionSchema}".${name}($1) AS answer`
  }

  async noteHash(identifierHash: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#database.run({ text: this.#noting, values: [Buffer.from(identifierHash)] })
  }

  note(identifier: string) {
    return this.noteHash(this.#hashOf(identifier))
  }

  async has(identifier: string): Promise<boolean> {
    const [row] = await this.#database.run<[{ answer: boolean }]>({
      text: this.#asking,
      values: [Buffer.from(this.#hashOf(identifier))],
    })
    return row.answer
  }
}
