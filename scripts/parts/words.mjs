// What is typed after a program that runs as it is written: before there is anything to compile, or without a loader of TypeScript. The
// programs that are compiled have src/config/command-line.ts. Nothing is done for `--help` (0), nor for what cannot be used (2).
import { parseArgs } from 'node:util'

/**
 * The options and words of this process. Ends it where there is nothing to do.
 *
 * @param {string} about what the program does, and how it is started: a paragraph each
 * @param {{ options?: import('node:util').ParseArgsConfig['options'], accepts?: (word: string) => boolean }} taken what may be typed
 */
export function readWords(about, { options = {}, accepts = () => false } = {}) {
  const typed = process.argv.slice(2)
  if (typed.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(`${about}\n`)
    process.exit(0)
  }
  try {
    const { values, positionals } = parseArgs({ args: typed, options, allowPositionals: true })
    const unknown = positionals.find((word) => !accepts(word))
    if (unknown !== undefined) throw new Error(`Unknown word ${unknown}`)
    return { values, words: positionals }
  } catch (error) {
    // What parseArgs says after it is advice for whoever calls parseArgs. Values that were typed are not repeated.
    const [fault] = error.message.replace(/^Unknown option '([^'=]+).*/s, 'Unknown option $1').split('. ')
    process.stderr.write(`${fault}; --help lists what there is\n`)
    process.exit(2)
  }
}
