// The arguments of `npm run bench:scale`: some of those of `npm run bench`, with more repetitions of shorter windows.
import { parseCommandLineOrExit } from '../../src/config/command-line.js'
import { type Options, optionsOf } from '../options.js'

/** More clients than the largest pool has connections, so that each size is used to the full. */
const clients = 64

/** @throws UsageError with one line about an argument that is wrong */
export function readScaleOptions(): Options {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench:scale --',
      summary: 'Measures what replicas, pools and the disk do to the built service: docs/scaling.md.',
      options: {
        quick: { type: 'boolean', description: 'once and briefly, to see that it runs' },
        json: { type: 'boolean', description: 'prints one document with every window' },
        repetitions: { type: 'string', value: 'NUMBER', description: 'of each window' },
        users: { type: 'string', value: 'NUMBER', default: '20000', description: 'people in each database' },
        'no-build': { type: 'boolean', description: 'takes the build that is there' },
      },
    },
    process.argv.slice(2),
  )
  const { quick } = values
  const repetitions = values.repetitions ?? (quick ? '1' : '5')
  const alone = {
    contestants: 'latchkey',
    only: undefined,
    latency: undefined,
    profile: false,
    replicas: '1',
    connections: '32',
    pool: '10',
  }
  return {
    ...optionsOf({ ...values, ...alone, repetitions }),
    connections: clients,
    starts: 0,
    warmUp: 1,
    window: quick ? 1 : 3,
  }
}
