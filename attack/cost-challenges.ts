// M. A challenge instead of a closed door: a flood that solves none is held, and newcomers who solve one get in.
import { type Challenge, solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { type Attack, tally } from './support/context.js'
import { createFlow } from './support/flows.js'
import type { Answer } from './support/http.js'

/** What a client sends back. Counting begins where no solution of the easiest challenge lies below. */
async function solutionOf({ body }: Answer): Promise<Record<string, unknown>> {
  const challenge = Object(body).challenge as Challenge
  return {
    challenge_solution: { challenge, solution: await solveChallenge({ challenge, deriveKey, counterStart: 1_000 }) },
  }
}

const floodOfNewcomers: Attack = {
  id: 'M12',
  tried:
    'BREAKER_MIN_SENDS=10: 200 new numbers from 4 addresses, none verified; then newcomers who solve a challenge, or replay one',
  flows: ['mobile', 'phone'],
  needs: { settings: ['CHALLENGE'] },
  async run({ fixtures, flow: { name }, equal, note }) {
    const service = await fixtures.ownService({
      CHALLENGE: 'altcha',
      BREAKER_MIN_SENDS: '10',
      IP_SEND_PER_HOUR: '60',
      TRUST_PROXY: '127.0.0.1',
    })
    const flow = createFlow(name, service)
    const flood: Answer[] = []
    for (let send = 0; send < 200; send += 1)
      flood.push(await flow.send(flow.newPerson(), { headers: { 'x-forwarded-for': `203.0.113.${send % 4}` } }))
    const sent = flood.filter(({ status }) => status === 200).length
    note(`of 200: ${tally(flood)}`)
    // Ten close the country; of the others one in ten passes, whatever is tried.
    equal('held', sent < 50, true)

    const from = { headers: { 'x-forwarded-for': '198.51.100.7' } }
    const newcomers: Answer[] = []
    let last: Record<string, unknown> = {}
    for (let newcomer = 0; newcomer < 5; newcomer += 1) {
      const person = flow.newPerson()
      const asked = await flow.send(person, from)
      if (asked.status === 403) last = await solutionOf(asked)
      newcomers.push(asked.status === 403 ? await flow.send(person, { ...from, fields: last }) : asked)
    }
    equal('newcomers who solve', tally(newcomers), '200 ×5')
    const replays: Answer[] = []
    for (let replay = 0; replay < 20; replay += 1)
      replays.push(await flow.send(flow.newPerson(), { ...from, fields: last }))
    note(`one solution for 20 numbers: ${tally(replays)}`)
    equal('a solution opens no other number', replays.filter(({ status }) => status === 200).length < 8, true)
  },
}

export const challenges: readonly Attack[] = [floodOfNewcomers]
