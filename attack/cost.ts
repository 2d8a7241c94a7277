// M. Cost and messages: strangers can't run up a bill, can't stop the owners, and can't write into a message.
import { breaker } from './cost-breaker.js'
import { budgets } from './cost-budgets.js'
import { challenges } from './cost-challenges.js'
import { messages } from './cost-messages.js'
import { notices } from './cost-notices.js'
import { refusedSends } from './cost-refused.js'
import { type Attack, type Group, named, tally } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { endCooldown } from './support/otp-rows.js'

const refused = ['429 rate_limited', '503 service_unavailable']
const isRefused = (answer: Answer) => refused.includes(named(answer))

const ownersBudget: Attack = {
  id: 'M3c',
  tried: 'SMS_BUDGET_PER_HOUR=3 and three owners who ask four times: their budget is one too',
  flows: ['mobile', 'phone'],
  needs: { settings: ['SMS_BUDGET_PER_HOUR'] },
  async run({ fixtures, flow: { name }, equal }) {
    const service = await fixtures.ownService({ SMS_BUDGET_PER_HOUR: '3' })
    const flow = createFlow(name, service)
    const owners = [flow.newPerson(), flow.newPerson(), flow.newPerson()]
    for (const owner of owners) await signIn(service, flow, owner)
    const answers: Answer[] = []
    for (const owner of [...owners, ...owners.slice(0, 1)]) {
      await endCooldown(service.grey, owner.identifier)
      answers.push(await flow.send(owner))
    }
    equal('answers', answers.map(named), ['200', '200', '200', '503 service_unavailable'])
  },
}

const offTheList: Attack = {
  id: 'M2',
  tried: 'numbers of 6 countries that are not on the list',
  async run({ service, allOf, equal }) {
    const numbers = [
      ['+1', '4155552671'],
      ['+44', '7400123456'],
      ['+61', '491570156'],
      ['+7', '9123456789'],
      ['+992', '917123456'],
      ['+53', '51234567'],
    ]
    const answers = await atOnce(numbers.length, (index) => {
      const [phonePrefix, phone] = numbers[index] ?? []
      return service.ask('POST', '/auth/request-otp', { json: { phonePrefix, phone } })
    })
    allOf('answers', answers, ['400 country_not_supported'])
    equal('messages', service.gateway.messages.length, 0)
  },
}

function budget(id: string, setting: string, windowSeconds: number): Attack {
  return {
    id,
    tried: `20 strangers with ${setting}=5: then owners, email and the other budget`,
    flows: ['mobile', 'phone'],
    needs: { settings: [setting] },
    async run({ fixtures, flow: { name }, note, equal, expect }) {
      const service = await fixtures.ownService({ [setting]: '5' })
      const flow = createFlow(name, service)
      const owner = flow.newPerson()
      await signIn(service, flow, owner)
      const answers = await atOnce(20, () => flow.send(flow.newPerson()))
      note(`strangers: ${tally(answers)}`)
      const passed = answers.filter(({ status }) => status === 200).length
      // The owner's own first code was one of a number never verified before.
      expect(passed >= 4 && passed <= 5, `${passed} messages to strangers`)
      const waits = answers.filter(isRefused).map(({ headers }) => Number(headers['retry-after']))
      expect(passed + waits.length === 20, 'other answers than these')
      expect(
        waits.every((wait) => wait >= 1 && wait <= windowSeconds),
        `Retry-After ${waits}`,
      )
      equal('the owner', named(await flow.send(owner)), '200')
      const email = createFlow('email', service)
      equal('email', named(await email.send(email.newPerson())), '200')
    },
  }
}

const conversion: Attack = {
  id: 'M5',
  tried: 'sent and verified messages per country are a metric, for its token alone',
  settings: { METRICS_TOKEN: 'metrics-token-of-the-attack-suite-0123456789' },
  needs: { settings: ['METRICS_TOKEN'] },
  async run({ service, flow, equal }) {
    await signIn(service, flow, flow.newPerson())
    const { METRICS_TOKEN: token } = service.settings
    const metrics = await service.ask('GET', '/metrics', { headers: { authorization: `Bearer ${token}` } })
    equal('with the token', metrics.status, 200)
    equal('a line of India', /^[a-z_]+\{[^}]*country="IN"[^}]*\} [0-9.]+$/m.test(metrics.text), true)
    const others = [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${token}` }]
    const answers = await atOnce(3, (index) => service.ask('GET', '/metrics', { headers: { ...others[index] } }))
    equal(
      'without',
      answers.every(({ status }) => [401, 403, 404].includes(status)),
      true,
    )
  },
}

export const cost: Group = {
  letter: 'M',
  title: 'Cost and messages',
  attacks: [
    ...breaker,
    offTheList,
    budget('M3', 'SMS_BUDGET_PER_HOUR', 3_600),
    budget('M3b', 'SMS_BUDGET_PER_DAY', 86_400),
    ownersBudget,
    conversion,
    ...messages,
    ...notices,
    ...refusedSends,
    ...budgets,
    ...challenges,
  ],
}
