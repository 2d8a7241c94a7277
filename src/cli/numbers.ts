// Stored numbers that a country has changed: `latchkey numbers check`, and `latchkey numbers rename --country BJ --from '(\d{8})'
// --to '01$1'`, which changes nothing without `--yes`.

import { UsageError } from '../config/command-line.js'
import { parseAdminSettings } from '../config/config.js'
import { maskIdentifier } from '../identifiers/masked.js'
import { type CountryCode, everyCountry } from '../identifiers/phone.js'
import { createAct } from '../users/acting.js'
import { NumberRegister, type Renumbered, type Renumbering } from '../users/renumbering.js'
import { type CommandContext, defineCommand, type WorkContext } from './command.js'
import { withDatabase } from './command-database.js'
import { numbersCheck, numbersRename } from './declarations.js'

export const checkCommand = defineCommand(numbersCheck, checkNumbers)
export const renameCommand = defineCommand(numbersRename, renameNumbers)

async function withRegister<Result>(
  environment: CommandContext['environment'],
  work: (register: NumberRegister) => Promise<Result>,
): Promise<Result> {
  const { database: settings, identifiers } = parseAdminSettings(environment)
  return withDatabase(settings, (database) =>
    work(new NumberRegister({ database, act: createAct({ database }), latitude: identifiers.latitude })),
  )
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

async function checkNumbers(context: WorkContext<typeof numbersCheck.options>): Promise<number> {
  const { values, environment, say, answer } = context
  const country = countryOf(values.country)
  return withRegister(environment, async (register) => {
    const numbers: object[] = []
    let count = 0
    for await (const { id, phone, reason } of register.refused(country)) {
      count += 1
      if (values.json) numbers.push({ id, phone: maskIdentifier(phone), reason })
      else say(`${id}  ${maskIdentifier(phone)}  ${reason}`)
    }
    answer({ count, numbers }, [`Stored numbers that are refused today: ${count}`])
    return 0
  })
}

/** What is said of a number that does not move. */
const whyNot = { taken: 'somebody has', not_valid: 'is refused too:' }

async function renameNumbers(context: WorkContext<typeof numbersRename.options>): Promise<number> {
  const { values, environment, say, answer } = context
  const renumbering = renumberingOf(countryOf(values.country), values)
  const isMeant = values.yes
  return withRegister(environment, async (register) => {
    const counts = { moves: 0, taken: 0, not_valid: 0 }
    const numbers: object[] = []
    const tell = ({ id, outcome, ...number }: Renumbered) => {
      counts[outcome] += 1
      const [phone, becomes] = [maskIdentifier(number.phone), maskIdentifier(number.becomes)]
      const change = outcome === 'moves' ? 'becomes' : `stays, ${whyNot[outcome]}`
      if (values.json) numbers.push({ id, phone, becomes, outcome })
      else say(`${id}  ${phone}  ${change} ${becomes}`)
    }
    for await (const number of register.plan(renumbering)) {
      tell(isMeant ? await register.move(number) : number)
    }
    const { moves, taken, not_valid: notValid } = counts
    answer({ done: isMeant, moves, taken, notValid, numbers }, [
      `${isMeant ? 'Moved' : 'Would move'}: ${moves}; taken: ${taken}; not valid: ${notValid}`,
      ...(isMeant ? [] : ['Nothing was changed. With --yes it is done']),
    ])
    return 0
  })
}
