// The arguments of `npm run bench:scale`: some of those of `npm run bench`, with more repetitions of shorter windows.
import { parseArgs } from 'node:util'
import { type Options, readOptions } from '../options.js'

/** More clients than the largest pool has connections, so that each size is used to the full. */
const clients = 64

/** @throws Error with one line about an argument that is wrong */
export function readScaleOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      repetitions: { type: 'string' },
      users: { type: 'string' },
      'no-build': { type: 'boolean', default: false },
    },
  })
  const { quick } = values
  const repetitions = quick ? '1' : '5'
  return {
    ...readOptions(['--contestants', 'latchkey', '--repetitions', repetitions, ...args]),
    connections: clients,
    starts: 0,
    warmUp: 1,
    window: quick ? 1 : 3,
  }
}
