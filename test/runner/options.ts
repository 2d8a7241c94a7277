// The command line of the test runner.
import { type CommandLine, type Declaration, parseCommandLine, wholeNumber } from '../../src/config/command-line.js'

const declared = {
  coverage: {
    type: 'boolean',
    description: 'prints which lines did not run; a run of all tests always does, and fails where one did not',
  },
  'disable-coverage': { type: 'boolean', description: 'does not ask which lines ran, which is quicker' },
  grep: {
    type: 'string',
    value: 'PATTERN',
    description: 'runs the tests whose names match, a word or /an expression/',
  },
  jobs: {
    type: 'string',
    value: 'NUMBER',
    description: 'test files at a time, by default one more than there are processors',
  },
  timeout: { type: 'string', value: 'SECONDS', default: '120', description: 'until a file is given up' },
} as const

export const declaration = {
  program: 'npm run test --',
  summary: 'Runs all tests, or those in the given files and folders, on a PostgreSQL server of their own.',
  words: { usage: 'FILE|FOLDER', description: 'test files, or folders of them', isOptional: true, isMany: true },
  options: declared,
} satisfies Declaration

export type Options = Readonly<{
  paths: readonly string[]
  coverage: boolean
  grep: string | undefined
  /** files at a time; undefined for one more than there are processors */
  jobs: number | undefined
  /** seconds */
  timeout: number
}>

/** @throws UsageError that names what is not understood */
export function readOptions(typed: readonly string[]): Options {
  const { words, values }: CommandLine<typeof declared> = parseCommandLine(declaration, typed)
  const { coverage, grep, jobs, timeout } = values
  return {
    paths: words,
    coverage: !values['disable-coverage'] && (coverage || words.length === 0),
    grep,
    jobs: jobs === undefined ? undefined : wholeNumber('--jobs', jobs, 1, 64),
    timeout: wholeNumber('--timeout', timeout),
  }
}
