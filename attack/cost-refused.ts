// M. Messages that never went out: they close no country and spend no budget, however often somebody asks for them.

import { type Attack, named, tally } from './support/context.js'
import type { Fixtures, Service } from './support/fixtures.js'
import { createFlow, type FlowName } from './support/flows.js'
import { type Answer, inTurns } from './support/http.js'

/** As they are by default; the suite has them out of the way else. */
const limits = { BREAKER_MIN_SENDS: '200', SMS_BUDGET_PER_HOUR: '220', SMS_BUDGET_PER_DAY: '220' }

/** How many numbers count against the country. */
async function counted({ grey }: Service): Promise<unknown> {
  const [row] = await grey.query<{ count: number }>(
    `SELECT coalesce(sum(count), 0)::int AS count FROM limit_counters WHERE key ~ '^country_sent'`,
  )
  return row?.count
}

const oneNumber: Attack = {
  id: 'M8',
  tried: 'one number that the gateway refuses, asked for 201 times',
  flows: ['mobile', 'phone'],
  async run({ fixtures, flow: { name }, allOf, equal, expect }) {
    const service = await fixtures.ownService(limits)
    const flow = createFlow(name, service)
    const refused = flow.newPerson()
    service.gateway.behaviour.status = 400
    const answers: Answer[] = []
    for (let index = 0; index < 201; index += 1) answers.push(await flow.send(refused))
    allOf('answers', answers, ['502 delivery_failed', '429 rate_limited'])
    equal('tried', service.gateway.messages.length, 20)
    const wait = Number(answers.at(-1)?.headers['retry-after'])
    expect(wait >= 1 && wait <= 3_600, `Retry-After ${wait}`)
    equal('counted', await counted(service), 0)
    service.gateway.behaviour.status = 204
    equal('a newcomer', named(await flow.send(flow.newPerson())), '200')
  },
}

/** 230 newcomers while the gateway is down, then one when it is back. */
async function outage(
  fixtures: Fixtures,
  name: FlowName,
  settings: object,
  down: (service: Service) => Promise<Service>,
) {
  const service = await fixtures.ownService({ ...limits, ...settings })
  const flow = createFlow(name, await down(service))
  const answers: Answer[] = []
  await inTurns(230, 10, async () => answers.push(await flow.send(flow.newPerson())))
  service.gateway.behaviour.status = 204
  const back = createFlow(name, service)
  return { answers, left: await counted(service), after: named(await back.send(back.newPerson())) }
}

const unreachable: Attack = {
  id: 'M8b',
  tried: '230 newcomers while the gateway is not reachable, or refuses us (429): then one more',
  flows: ['mobile'],
  async run({ fixtures, flow: { name }, allOf, equal }) {
    // Port 9 is nobody's: the connection is refused.
    const cut = (service: Service) =>
      fixtures.ownService({ ...limits, SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/' }, service)
    const busy = async (service: Service) => {
      service.gateway.behaviour.status = 429
      return service
    }
    for (const [what, down] of [
      ['cut off', cut],
      ['429', busy],
    ] as const) {
      const { answers, left, after } = await outage(fixtures, name, {}, down)
      allOf(what, answers, ['502 delivery_failed'])
      equal('counted', left, 0)
      equal('a newcomer then', after, '200')
    }
  },
}

const uncertain: Attack = {
  id: 'M8c',
  tried: '230 newcomers while the gateway answers 503, which says nothing of the message: no country is closed',
  flows: ['mobile'],
  async run({ fixtures, flow: { name }, note, equal, expect }) {
    const { answers, left, after } = await outage(
      fixtures,
      name,
      { SMS_BUDGET_PER_HOUR: '1000', SMS_BUDGET_PER_DAY: '1000' },
      async (service) => {
        service.gateway.behaviour.status = 503
        return service
      },
    )
    note(tally(answers))
    expect(Number(left) <= 30, `${left} counted until the circuit opened`)
    equal('a newcomer then', after, '200')
  },
}

export const refusedSends: readonly Attack[] = [oneNumber, unreachable, uncertain]
