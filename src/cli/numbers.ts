// Stored numbers that a country has changed: `npm run numbers -- check`, and `npm run numbers -- rename --country BJ --from '(\d{8})'
// --to '01$1'`, which changes nothing without `--yes`.

import { UsageError } from '../config/command-line.js'
import { parseAdminSettings } from '../config/config.js'
import { openDatabase } from '../database/client.js'
import { maskIdentifier } from '../identifiers/masked.js'
import { type CountryCode, everyCountry } from '../identifiers/phone.js'
import { createAct } from '../users/acting.js'
import { NumberRegister, type Renumbered, type Renumbering } from '../users/renumbering.js'
import { defineCommand, runIfMain, type WorkContext } from './command.js'

const options = {
  country: { type: 'string', value: 'COUNTRY', description: 'whose numbers, such as BJ; check takes all without it' },
  from: { type: 'string', value: 'PATTERN', description: 'of whole national numbers, such as (\\d{8})' },
  to: {
    type: 'string',
    value: 'TEXT',
    description: 'what they become, with $1 for parts of the pattern, such as 01$1',
  },
  yes: { type: 'boolean', description: 'do it; without it, rename says what it would do' },
} as const

export const numbersCommand = defineCommand(
  {
    script: 'numbers',
    summary:
      'Finds stored numbers that nobody can sign in with today, and moves accounts to the numbers that they became.',
    words: { usage: 'check|rename', description: 'rename asks for country, from and to', minimum: 1, maximum: 1 },
    options,
  },
  tendNumbers,
)

type Print = (line: string) => void

async function tendNumbers({ words, values, environment, print }: WorkContext<typeof options>): Promise<number> {
  const [action] = words
  if (action !== 'check' && action !== 'rename') throw new UsageError('The word must be check or rename')
  const country = countryOf(values.country)
  if (action === 'check' && [values.from, values.to, values.yes || undefined].some((value) => value !== undefined)) {
    throw new UsageError('check takes --country alone')
  }
  const renumbering = action === 'rename' ? renumberingOf(country, values) : undefined
  const { database: databaseSettings, identifiers } = parseAdminSettings(environment)
  const database = openDatabase(databaseSettings)
  const register = new NumberRegister({ database, act: createAct({ database }), latitude: identifiers.latitude })
  try {
    if (renumbering === undefined) await check(register, country, print)
    else await rename(register, renumbering, values.yes, print)
    return 0
  } finally {
    await database.$disconnect()
  }
}

function countryOf(text: string | undefined): CountryCode | undefined {
  const country = everyCountry.find((each) => each === text)
  if (text !== undefined && country === undefined) throw new UsageError('--country must be a country code such as BJ')
  return country
}

function renumberingOf(
  country: CountryCode | undefined,
  { from, to }: Readonly<{ from: string | undefined; to: string | undefined }>,
): Renumbering {
  if (country === undefined || from === undefined || to === undefined) {
    throw new UsageError('rename asks for --country, --from and --to')
  }
  try {
    return { country, from: new RegExp(from), to }
  } catch {
    throw new UsageError('--from must be a regular expression, such as (\\d{8})')
  }
}

async function check(register: NumberRegister, country: CountryCode | undefined, print: Print): Promise<void> {
  let count = 0
  for await (const { id, phone, reason } of register.refused(country)) {
    print(`${id}  ${maskIdentifier(phone)}  ${reason}`)
    count += 1
  }
  print(`Stored numbers that are refused today: ${count}`)
}

/** What is said of a number that does not move. */
const whyNot = { taken: 'somebody has', not_valid: 'is refused too:' }

async function rename(register: NumberRegister, renumbering: Renumbering, isMeant: boolean, print: Print) {
  const counts = { moves: 0, taken: 0, not_valid: 0 }
  const tell = ({ id, phone, becomes, outcome }: Renumbered) => {
    counts[outcome] += 1
    const change = outcome === 'moves' ? 'becomes' : `stays, ${whyNot[outcome]}`
    print(`${id}  ${maskIdentifier(phone)}  ${change} ${maskIdentifier(becomes)}`)
  }
  for await (const number of register.plan(renumbering)) {
    tell(isMeant ? await register.move(number) : number)
  }
  print(`${isMeant ? 'Moved' : 'Would move'}: ${counts.moves}; taken: ${counts.taken}; not valid: ${counts.not_valid}`)
  if (!isMeant) print('Nothing was changed. With --yes it is done')
}

await runIfMain(import.meta.url, numbersCommand)
