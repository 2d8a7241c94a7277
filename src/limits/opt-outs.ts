// Numbers whose owners have told a provider that they want no messages of ours (STOP): none is tried for a day.
import type { Database } from '../database/client.js'

export type OptOuts = ReturnType<typeof createOptOuts>

/** @param hashOf by which events know an identifier, the way in which it is kept */
export function createOptOuts(database: Database, hashOf: (identifier: string) => Uint8Array<ArrayBuffer>) {
  const call = (name: string) => `SELECT "${database.functionSchema}".${name}($1) AS answer`
  const [asking, noting] = [call('has_opted_out'), call('note_opt_out')]

  async function noteHash(identifierHash: Uint8Array<ArrayBuffer>): Promise<void> {
    await database.run({ text: noting, values: [Buffer.from(identifierHash)] })
  }

  return {
    noteHash,
    note: (identifier: string) => noteHash(hashOf(identifier)),
    async has(identifier: string): Promise<boolean> {
      const [row] = await database.run<[{ answer: boolean }]>({
        text: asking,
        values: [Buffer.from(hashOf(identifier))],
      })
      return row.answer
    },
  }
}
