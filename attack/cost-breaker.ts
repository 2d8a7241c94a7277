// M. The breaker: a country in which nobody verifies is closed to strangers for a while, and closed again where nothing changed.

import { type Attack, named, tally } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import type { Answer } from './support/http.js'

const pumping: Attack = {
  id: 'M1',
  tried: '30 sends to numbers of one country, none verified, breaker at 10',
  flows: ['mobile', 'phone'],
  needs: { settings: ['BREAKER_MIN_SENDS'] },
  async run({ fixtures, note, expect, equal, flow: { name } }) {
    const service = await fixtures.ownService({ BREAKER_MIN_SENDS: '10', SMS_COUNTRIES: 'IN,US' })
    const flow = createFlow(name, service)
    const owner = flow.newPerson()
    await signIn(service, flow, owner)
    const answers: Answer[] = []
    for (let index = 0; index < 30; index += 1) answers.push(await flow.send(flow.newPerson()))
    note(`strangers: ${tally(answers)}`)
    // One of ten passes a closed country.
    expect(answers.filter(({ status }) => status === 503).length >= 10, 'the country stayed open')
    equal('the owner', named(await flow.send(owner)), '200')
    const abroad = await service.ask('POST', '/auth/request-otp', { json: { phonePrefix: '+1', phone: '4155552671' } })
    equal('another country', named(abroad), '200')
  },
}

const reopening: Attack = {
  id: 'M1b',
  tried: 'the closed country 15 minutes later: tried again, counted anew, closed again',
  flows: ['mobile', 'phone'],
  needs: { settings: ['BREAKER_MIN_SENDS'] },
  async run({ fixtures, equal, flow: { name } }) {
    const service = await fixtures.ownService({ BREAKER_MIN_SENDS: '3' })
    const flow = createFlow(name, service)
    const sends = async () => {
      const answers: string[] = []
      for (let index = 0; index < 20; index += 1) answers.push(named(await flow.send(flow.newPerson())))
      // One of ten passes a closed country.
      const closed = answers.slice(3).filter((answer) => answer.startsWith('503')).length
      return `${answers.slice(0, 3).join(' ')}, then ${closed >= 8 ? 'closed' : answers.slice(3).join(' ')}`
    }
    equal('first', await sends(), '200 200 200, then closed')
    // Fifteen minutes later: what was counted before the closing is older by as much.
    await service.grey.query(`UPDATE country_breakers SET closed_until = closed_until - interval '15 minutes'`)
    await service.grey.query(`UPDATE limit_counters SET window_started_at = window_started_at - interval '15 minutes'
      WHERE key LIKE 'country_%'`)
    equal('then', await sends(), '200 200 200, then closed')
  },
}

export const breaker: readonly Attack[] = [pumping, reopening]
