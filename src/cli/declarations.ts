// What may be typed after `latchkey`: each command's words and options. Help, completion and refusals come of this alone, so nothing
// of the service is loaded for them.
import type { Declaration } from '../config/command-line.js'
import { force, json, someone, yes } from './declared-options.js'

export const dev = {
  program: 'latchkey dev',
  summary: 'Runs the service with all it needs: an embedded PostgreSQL and secrets of its own in ./.data.',
} as const satisfies Declaration

export const start = {
  program: 'latchkey start',
  summary: 'Runs the service. Settings are variables of the environment, or stand in ./.env.',
} as const satisfies Declaration

export const init = {
  program: 'latchkey init',
  summary: "Writes a first .env with new secrets; with --database, makes the service's own role in the database.",
  options: {
    database: {
      type: 'boolean',
      description:
        'gives the role of DATABASE_URL the rights that the service needs, as the owner in DIRECT_DATABASE_URL',
    },
    output: {
      type: 'string',
      value: 'FILE',
      default: '.env',
      description: 'to write to; never over a file that is there',
    },
    print: { type: 'boolean', description: 'prints the settings, or the SQL for the role, and writes nothing' },
    json,
  },
} as const satisfies Declaration

export const migrate = {
  program: 'latchkey migrate',
  summary: 'Applies the pending migrations.',
  options: {
    'rolled-back': { type: 'string', value: 'NAME', description: 'lets a migration that failed be applied again' },
    diff: { type: 'boolean', description: 'shows the SQL that the migrations lack to reach prisma/schema.prisma' },
    write: { type: 'string', value: 'NAME', description: 'writes that SQL as the next migration, of this name' },
    json,
  },
} as const satisfies Declaration

export const status = {
  program: 'latchkey status',
  summary: 'Tells whether the service can run on the database: 0 where it can.',
  options: { json },
} as const satisfies Declaration

export const doctor = {
  program: 'latchkey doctor',
  summary: 'Examines settings, database and the running service.',
  options: {
    url: { type: 'string', value: 'URL', description: 'where the service is (PUBLIC_URL, or this machine)' },
    outside: {
      type: 'boolean',
      description: 'logs in where the settings lead: mail server, Twilio account, webhook, Redis; sends no message',
    },
    prove: {
      type: 'boolean',
      description: 'tries the limits too, by being refused: writes rows that end by themselves, and says so first',
    },
    json,
  },
} as const satisfies Declaration

export const keysNew = {
  program: 'latchkey keys new',
  summary: 'Prints new secrets in the form of settings.',
  options: { json },
} as const satisfies Declaration

export const rotatable = ['signing-key', 'pepper'] as const

export const keysRotate = {
  program: 'latchkey keys rotate',
  summary:
    'Tells how far a rotation is by the settings of today, and prints those of its next step. It changes nothing.',
  words: { usage: rotatable.join('|'), description: 'what is replaced', choices: rotatable },
  options: {
    step: { type: 'string', value: 'NUMBER', description: 'prints the settings of that step: 1, 2 or 3' },
    json,
  },
} as const satisfies Declaration

const country = { type: 'string', value: 'COUNTRY' } as const

export const numbersCheck = {
  program: 'latchkey numbers check',
  summary: 'Finds stored numbers that nobody can sign in with today.',
  options: { country: { ...country, description: 'whose numbers, such as BJ; all without it' }, json },
} as const satisfies Declaration

export const numbersRename = {
  program: 'latchkey numbers rename',
  summary: 'Moves accounts to the numbers that theirs became. Without --yes it says what it would do.',
  options: {
    country: { ...country, description: 'whose numbers, such as BJ' },
    from: { type: 'string', value: 'PATTERN', description: 'of whole national numbers, such as (\\d{8})' },
    to: {
      type: 'string',
      value: 'TEXT',
      description: 'what they become, with $1 for parts of the pattern, such as 01$1',
    },
    yes: yes('does it'),
    json,
  },
} as const satisfies Declaration

export const sendTest = {
  program: 'latchkey send-test',
  summary: 'Sends a message that opens nothing by the drivers of the settings, and says what each of them answered.',
  words: someone,
  options: {
    driver: { type: 'string', value: 'NAME', description: 'by this driver alone' },
    locale: { type: 'string', value: 'LANGUAGE', description: 'in this language, such as hi' },
    json,
  },
} as const satisfies Declaration

export const messages = {
  program: 'latchkey messages',
  summary: 'Prints every message in every language, as the settings make them.',
  words: { usage: 'LANGUAGE', description: 'only these, such as hi ta', isOptional: true, isMany: true },
  options: { json },
} as const satisfies Declaration

export const cleanup = {
  program: 'latchkey cleanup',
  summary: 'Deletes expired codes, tickets and sessions once, for an outside scheduler.',
  options: { json },
} as const satisfies Declaration

export const seed = {
  program: 'latchkey seed',
  summary: 'Fills a development database with people who do not exist.',
  options: {
    users: { type: 'string', value: 'NUMBER', default: '1000', description: 'how many' },
    seed: { type: 'string', value: 'NUMBER', default: '1', description: 'another number makes other people' },
    force: { type: 'boolean', description: 'adds them to users that are there' },
    json,
  },
} as const satisfies Declaration

export const openapi = {
  program: 'latchkey openapi',
  summary: 'Prints the OpenAPI document of this version, for generators of clients.',
  options: { output: { type: 'string', value: 'FILE', description: 'to write to; else standard output' }, force },
} as const satisfies Declaration

export const shells = ['bash', 'zsh', 'fish'] as const

export const completion = {
  program: 'latchkey completion',
  summary: 'Prints a script with which a shell completes the words and options of latchkey.',
  words: { usage: shells.join('|'), description: 'for which shell', choices: shells },
} as const satisfies Declaration
