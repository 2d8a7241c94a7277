// The command line of the test runner.
import { parseArgs } from 'node:util'

export const help = `Usage: npm test [-- FILE|FOLDER … OPTIONS]

Runs the tests that the files and folders hold, by default all of test/.

  --coverage           print which lines did not run (a run of all tests always does, and asks for all of them)
  --disable-coverage   run without asking which lines ran: quicker
  --grep PATTERN       run only tests whose name matches, and those around them (a word, or /a regular expression/)
  --jobs N             test files at a time (default: one for each processor)
  --timeout SECONDS    until a file is given up (default: 120)
  --help               print this

The exit code is 0 where every check passed, and, in a run of all tests, every line of the sources that is asked for ran;
1 where not, or where no test could run.`

export type Options = Readonly<{
  help: boolean
  paths: readonly string[]
  coverage: boolean
  grep: string | undefined
  jobs: number | undefined
  /** seconds */
  timeout: number
}>

/** @throws Error that names what is not understood */
export function readOptions(words: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      coverage: { type: 'boolean' },
      'disable-coverage': { type: 'boolean' },
      grep: { type: 'string' },
      jobs: { type: 'string' },
      timeout: { type: 'string' },
    },
  })
  return {
    help: values.help ?? false,
    paths: positionals,
    coverage: !values['disable-coverage'] && (values.coverage ?? positionals.length === 0),
    grep: values.grep,
    jobs: values.jobs === undefined ? undefined : wholeNumber('--jobs', values.jobs),
    timeout: values.timeout === undefined ? 120 : wholeNumber('--timeout', values.timeout),
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} must be a whole number from 1, not ${text}`)
  return value
}
