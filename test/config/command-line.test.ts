// What may be typed after a command: read strictly, told in one line where it is wrong, and explained by --help.
import t from 'tap'
import {
  answerUsage,
  commandOf,
  exitCodeAfter,
  helpOf,
  parseCommandLine,
  UsageError,
  wholeNumber,
} from '../../src/config/command-line.js'
import { nearest } from '../../src/config/nearest.js'

const declaration = {
  program: 'npm run paint --',
  summary: 'Paints a fence.',
  words: { usage: 'COLOUR', description: 'such as red', isMany: true },
  options: {
    'no-primer': { type: 'boolean', description: 'leaves the primer out' },
    coats: { type: 'string', value: 'NUMBER', default: '2', description: 'of paint' },
    url: { type: 'string', value: 'URL', description: 'of the fence' },
  },
} as const

t.test('options, words and their defaults', async (t) => {
  const nothing = { 'no-primer': false, coats: '2' }
  t.same(parseCommandLine(declaration, ['red']), { words: ['red'], values: nothing })
  t.same(parseCommandLine(declaration, ['--coats', '3', 'red', '--no-primer', '--url=x', 'blue']), {
    words: ['red', 'blue'],
    values: { 'no-primer': true, coats: '3', url: 'x' },
  })
  t.same(parseCommandLine(declaration, ['--coats=3', '--coats=4', 'red']).values.coats, '4', 'the last one counts')
  t.same(parseCommandLine(declaration, ['--', '--coats', '--help']), { words: ['--coats', '--help'], values: nothing })
  t.same(parseCommandLine({ program: 'x', summary: 'x' }, []), { words: [], values: {} })
})

t.test('what is wrong with it, in one line', async (t) => {
  const alone = { program: 'npm run rest --', summary: 'Rests.' }
  const faults = [
    [['red', '--nonsense'], 'Unknown option --nonsense; --help lists what there is'],
    [['red', '--nonsense=secret'], 'Unknown option --nonsense; --help lists what there is'],
    [['red', '--coat', '3'], 'Unknown option --coat; did you mean --coats?'],
    [['red', '-coats'], 'Unknown option -coats; did you mean --coats?'],
    [['red', '-n'], 'Unknown option -n; --help lists what there is'],
    [['red', '-x'], 'Unknown option -x; --help lists what there is'],
    [['red', '--Help'], 'Unknown option --Help; did you mean --help?'],
    [['red', '--constructor'], 'Unknown option --constructor; --help lists what there is'],
    [['red', '--__proto__=1'], 'Unknown option --__proto__; --help lists what there is'],
    [['red', '--no-primer=yes'], '--no-primer takes no value'],
    [['red', '--coats'], '--coats needs a value: --coats NUMBER'],
    [['red', '--coats='], '--coats needs a value: --coats NUMBER'],
    [['red', '--coats', '--no-primer'], '--coats needs a value: --coats NUMBER'],
    [['red', '--url=-x'], '--url needs a value: --url URL'],
    [['red', '--url', '--', 'x'], '--url needs a value: --url URL'],
    [[], 'Missing: COLOUR; npm run paint -- --help explains it'],
  ] as const
  for (const [typed, message] of faults) {
    t.throws(() => parseCommandLine(declaration, typed), new UsageError(message), typed.join(' '))
  }
  t.throws(() => parseCommandLine(alone, ['now']), new UsageError('Unknown word now; --help lists what there is'))
  t.throws(() => parseCommandLine(alone, ['help']), new UsageError('Unknown word help; did you mean --help?'))
})

t.test('numbers', async (t) => {
  t.equal(wholeNumber('--coats', '12'), 12)
  for (const text of ['', '0', '-1', '1.5', '1e3', 'x', '1000000000', '１']) {
    const fault = new UsageError('--coats must be a whole number from 1 to 999999999')
    t.throws(() => wholeNumber('--coats', text), fault, text)
  }
  t.throws(() => wholeNumber('--coats', '9', 1, 8), new UsageError('--coats must be a whole number from 1 to 8'))
  t.same([exitCodeAfter(new UsageError()), exitCodeAfter(new Error())], [2, 1])
})

t.test('one word, of some', async (t) => {
  const one = { program: 'x', summary: 'x', words: { usage: 'red|blue', description: 'x', choices: ['red', 'blue'] } }
  t.strictSame(parseCommandLine(one, ['blue']).words, ['blue'])
  const faults = [
    [['blau'], 'blau is none of red, blue; did you mean blue?'],
    [['green'], 'green is none of red, blue'],
    [['red', 'blue'], 'One word too many: blue. What is taken: red|blue'],
    [[], 'Missing: red|blue; x --help explains it'],
  ] as const
  for (const [typed, message] of faults) {
    t.throws(() => parseCommandLine(one, typed), new UsageError(message), typed.join(' '))
  }
  const maybe = { ...one, words: { usage: 'COLOUR', description: 'x', isOptional: true } }
  t.strictSame(parseCommandLine(maybe, []).words, [])
  t.match(helpOf(commandOf(maybe)), /^Usage: x \[options\] \[COLOUR\]\n/)
})

t.test('answers that need no work', async (t) => {
  function answer(typed: string[]) {
    const [output, errors]: [string[], string[]] = [[], []]
    const print = (line: string) => void output.push(line)
    return {
      code: answerUsage(declaration, typed, { print, printError: (line) => void errors.push(line) }),
      output,
      errors,
    }
  }
  const help = `Usage: npm run paint -- [options] <COLOUR...>

Paints a fence.

Arguments:
  COLOUR            such as red

Options:
  --no-primer       leaves the primer out
  --coats <NUMBER>  of paint (default: 2)
  --url <URL>       of the fence
  -h, --help        prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done`
  for (const typed of [['--help'], ['-h'], ['--nonsense', '--help'], ['--coats', '--help'], ['red', 'blue', '-h']]) {
    t.strictSame(answer(typed), { code: 0, output: [help], errors: [] }, typed.join(' '))
  }
  t.match(answer(['--nonsense']), { code: 2, output: [], errors: [/^Unknown option/] })
  t.strictSame(answer(['red']), { code: null, output: [], errors: [] })
  t.strictSame(answer(['--', '--help']), { code: null, output: [], errors: [] }, 'a word, not a question')
})

t.test('the nearest name', async (t) => {
  const names = ['repetitions', 'users', 'url', 'json', 'only', 'help']
  const meant = {
    user: 'users',
    usres: 'users',
    rep: 'repetitions',
    hlep: 'help',
    ulr: 'url',
    jason: 'json',
    olny: 'only',
  }
  for (const [typed, name] of Object.entries(meant)) t.equal(nearest(typed, names), name, typed)
  for (const typed of ['', 'x', 're', 'force', 'usage', 'nonsense', 'jjjjson'])
    t.equal(nearest(typed, names), undefined, typed)
  t.equal(nearest('help', []), undefined)
})
