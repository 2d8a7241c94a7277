// N. Enumeration by time: a guess at a code that was never sent does the same work as a wrong guess.

import type { Attack, AttackContext } from './support/context.js'
import { createFlow, type Flow, type Person, wrongCode } from './support/flows.js'
import type { Answer } from './support/http.js'

const samples = 300
const toleranceMilliseconds = 5

/** People with a live code each: five guesses, of which only four are wrong ones here, so that every guess is evaluated. */
async function peopleWithCodes(flow: Flow, count: number): Promise<Person[]> {
  const people = Array.from({ length: count }, flow.newPerson)
  for (const person of people) await flow.sendForCode(person)
  return people
}

function guesses({ flow, service }: Pick<AttackContext, 'flow' | 'service'>, people: readonly Person[]) {
  return {
    wrong(index: number): Promise<Answer> {
      const person = people[index % people.length] ?? flow.newPerson()
      return flow.verify(
        person,
        wrongCode(service.gateway.lastCode(person.identifier), Math.floor(index / people.length) + 1),
      )
    },
    neverSent: () => flow.verify(flow.newPerson(), '123456'),
  }
}

const median = (values: readonly number[]) => [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0

/** Medians of both, asked in turns, in milliseconds. */
async function timesOf(context: Pick<AttackContext, 'flow' | 'service'>) {
  const { wrong, neverSent } = guesses(context, await peopleWithCodes(context.flow, samples / 4))
  const times = { wrong: [] as number[], neverSent: [] as number[] }
  const answers: Answer[] = []
  for (let index = 0; index < samples; index += 1) {
    const pair = index % 2 === 0 ? [await neverSent(), await wrong(index)] : [await wrong(index), await neverSent()]
    if (index % 2 === 1) pair.reverse()
    times.neverSent.push(pair[0]?.milliseconds ?? 0)
    times.wrong.push(pair[1]?.milliseconds ?? 0)
    answers.push(...pair)
  }
  return { neverSent: median(times.neverSent), wrong: median(times.wrong), answers }
}

/** Chance makes a difference once on a machine whose disk others use; what the service does differently makes one each time. */
const interleaved: Attack = {
  id: 'N2',
  tried: `${samples} never-sent and ${samples} wrong codes in turns: the time they take`,
  flows: ['mobile', 'email'],
  async run(context) {
    const { fixtures, expect, note, allOf } = context
    const { admin } = fixtures.databases
    // A commit costs what it costs in production.
    await admin('ALTER SYSTEM SET fsync = on')
    await admin('SELECT pg_reload_conf()')
    try {
      const differences: number[] = []
      do {
        const { neverSent, wrong, answers } = await timesOf(context)
        allOf('answers', answers, ['401 otp_invalid'])
        note(`medians ${neverSent.toFixed(2)} and ${wrong.toFixed(2)} ms`)
        differences.push(Math.abs(neverSent - wrong))
      } while (differences.length < 3 && Math.min(...differences) > toleranceMilliseconds)
      const tells = Math.min(...differences) > toleranceMilliseconds
      expect(!tells, `they differ by more than ${toleranceMilliseconds} ms, three times`)
    } finally {
      await admin('ALTER SYSTEM RESET fsync')
      await admin('SELECT pg_reload_conf()')
    }
  },
}

/** What arrives at once shares commits, however many it happens to be: here each has its own. */
async function oneByOne(times: number, guess: (index: number) => Promise<Answer>): Promise<void> {
  for (let index = 0; index < times; index += 1) await guess(index)
}

const commits: Attack = {
  id: 'N2b',
  tried: '40 never-sent and 40 wrong codes, one by one: transactions committed, and those that write',
  flows: ['mobile', 'email'],
  async run({ fixtures, flow: { name }, equal }) {
    // One connection, and nothing else going on: what is counted is theirs.
    const service = await fixtures.ownService({ DATABASE_POOL_SIZE: '1' })
    const flow = createFlow(name, service)
    const { wrong, neverSent } = guesses({ flow, service }, await peopleWithCodes(flow, 10))
    const { admin } = fixtures.databases
    const count = async () => {
      // A backend reports what it did at the first statement a second after its last report.
      await new Promise((resolve) => setTimeout(resolve, 1_200))
      await service.ask('GET', '/health/ready')
      const [row] = await admin<{ commits: number; writes: number }>(
        `SELECT xact_commit::int AS commits, pg_snapshot_xmax(pg_current_snapshot())::text::int AS writes
         FROM pg_stat_database WHERE datname = $1`,
        [service.grey.name],
      )
      return { commits: Number(row?.commits), writes: Number(row?.writes) }
    }
    const start = await count()
    await oneByOne(40, neverSent)
    const between = await count()
    await oneByOne(40, wrong)
    const end = await count()
    const spent = (from: typeof start, to: typeof start) => [to.commits - from.commits, to.writes - from.writes]
    equal('never sent', spent(start, between), spent(between, end))
  },
}

export const enumerationByTime: readonly Attack[] = [interleaved, commits]
