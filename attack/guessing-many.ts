// A. A guess at each of many people: nobody is locked out, and somebody is told.

import type { Attack, AttackContext } from './support/context.js'
import { type Person, wrongCode } from './support/flows.js'
import { atOnce, inTurns } from './support/http.js'

const settings = { TRUST_PROXY: '127.0.0.1' }
/** more than the guesses an hour over which the service is to raise its alarm */
const people = 1_200
const headersOf = (index: number) => ({ 'x-forwarded-for': `198.51.100.${index % 200}` })

const nobodyLocked: Attack = {
  id: 'A7',
  tried: `one wrong guess on each of ${people} people, from 200 addresses`,
  flows: ['phone'],
  settings,
  async run({ flow, service, equal, expect, note }) {
    const victims: Person[] = Array.from({ length: people }, flow.newPerson)
    let evaluated = 0
    await inTurns(people, 24, async (index) => {
      const person = victims[index] ?? flow.newPerson()
      const code = await flow.sendForCode(person, { headers: headersOf(index) })
      const { status } = await flow.verify(person, wrongCode(code), { headers: headersOf(index + 7) })
      if (status === 401) evaluated += 1
    })
    note(`${evaluated} guesses evaluated`)
    expect(evaluated === people, 'guesses were refused')
    const [first = flow.newPerson()] = victims
    equal(
      'the first one still gets in',
      (await flow.verify(first, service.gateway.lastCode(first.identifier))).status,
      200,
    )
  },
}

const alarm: Attack = {
  id: 'A7b',
  tried: 'the same: an alarm event is written',
  flows: ['phone'],
  settings,
  async run({ service, equal, skip }) {
    const tables = await eventTables(service)
    if (tables.length === 0) skip('this build has no table of events')
    const counts = await atOnce(tables.length, (index) =>
      service.grey.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${tables[index]} e
         WHERE to_jsonb(e)::text LIKE '%excess_rate_limit_exceeded%'`,
      ),
    )
    equal(
      'alarm written',
      counts.flat().some(({ count }) => count > 0),
      true,
    )
  },
}

async function eventTables({ grey }: AttackContext['service']): Promise<string[]> {
  const rows = await grey.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name ~ '(event|audit)'`,
  )
  return rows.map(({ name }) => name)
}

export const spraying: readonly Attack[] = [nobodyLocked, alarm]
