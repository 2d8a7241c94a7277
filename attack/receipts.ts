// D. Delivery receipts: who may say what became of a message, and how often it counts.

import type { Group } from './support/context.js'
import { atOnce } from './support/http.js'
import {
  callBack,
  endsOf,
  gateway,
  report,
  type Signing,
  signedCallback,
  signedReport,
  told,
  twilio,
} from './support/receipts.js'

const delivered = (messageId: string) => ({ message_id: messageId, status: 'delivered' })

const forged = told({
  ...gateway,
  id: 'D1',
  tried: 'reports without a signature, with another secret, about another body, id or time',
  message: ['webhook', 'msg_d1'],
  recorded: [],
  async attempt({ service, allOf }) {
    const good = signedReport(service, delivered('msg_d1'))
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    const { 'webhook-signature': signature, ...unsigned } = { ...good.headers }
    const altered = [
      { json: delivered('msg_d1') },
      { ...good, headers: unsigned },
      { ...good, raw: String(good.raw).replace('delivered', 'failed') },
      ...[
        { 'webhook-id': 'msg_other' },
        { 'webhook-timestamp': '1' },
        { 'webhook-timestamp': 'NaN' },
        { 'webhook-signature': String(signature).slice(3) },
        { 'webhook-signature': 'v1,' },
        { 'webhook-signature': String(signature).replace('v1', 'v1a') },
      ].map((headers) => ({ ...good, headers: { ...good.headers, ...headers } })),
      signedReport(service, delivered('msg_d1'), { secret }),
      signedReport(service, delivered('msg_d1'), { secret: 'whsec_' }),
    ]
    allOf('answers', await atOnce(altered.length, (index) => report(service, { ...altered[index] })), ['403 forbidden'])
  },
})

const stale = told({
  ...gateway,
  id: 'D2',
  tried: 'a good report 6 minutes, a day late and 6 minutes early',
  message: ['webhook', 'msg_d2'],
  recorded: [],
  async attempt({ service, allOf }) {
    const signings: Signing[] = [{ secondsAgo: 360 }, { secondsAgo: 86_400 }, { secondsAgo: -360 }]
    const answers = await atOnce(signings.length, (index) =>
      report(service, signedReport(service, delivered('msg_d2'), signings[index])),
    )
    allOf('answers', answers, ['403 forbidden'])
  },
})

const replayed = told({
  ...gateway,
  id: 'D3',
  tried: 'one report 50 times at once, then the opposite: recorded once',
  message: ['webhook', 'msg_d3'],
  recorded: ['delivery_confirmed'],
  async attempt({ service, allOf }) {
    const good = signedReport(service, delivered('msg_d3'))
    allOf('answers', await atOnce(50, () => report(service, good)), [204])
    const opposite = signedReport(service, { message_id: 'msg_d3', status: 'failed' })
    allOf('the opposite', [await report(service, opposite)], [204])
  },
})

const reflected = told({
  ...gateway,
  id: 'D4',
  tried: 'our own signed message sent back as a report; a report on a message of another driver',
  flows: ['phone'],
  message: ['smtp', 'msg_d4'],
  recorded: [],
  async attempt({ service, flow, allOf }) {
    const person = flow.newPerson()
    await flow.sendForCode(person)
    const [message] = service.gateway.to(person.identifier)
    const headers = { ...message?.headers }
    allOf('reflected', [await report(service, { raw: String(message?.raw), headers })], ['400 validation_failed'])
    allOf('another driver', [await report(service, signedReport(service, delivered('msg_d4')))], ['404 not_found'])
  },
})

const forgedCallbacks = told({
  ...twilio,
  id: 'D5',
  tried: 'Twilio callbacks unsigned, with another token or URL, a parameter changed, added, twice; as JSON',
  message: ['twilio', 'SMd5'],
  recorded: [],
  async attempt({ service, allOf }) {
    const parameters = { MessageSid: 'SMd5', MessageStatus: 'delivered' }
    const good = signedCallback(parameters)
    const { 'content-type': type } = { ...good.headers }
    const altered = [
      { ...good, headers: { 'content-type': type } },
      { ...good, raw: String(good.raw).replace('delivered', 'failed') },
      { ...good, raw: `${good.raw}&ErrorCode=1` },
      { ...good, raw: `${good.raw}&MessageStatus=failed` },
      { ...good, raw: '' },
      { ...good, headers: { ...good.headers, 'content-type': 'application/json' }, raw: JSON.stringify(parameters) },
      signedCallback(parameters, { token: '' }),
      signedCallback(parameters, { url: `${service.base}/webhooks/twilio` }),
    ]
    const answers = await atOnce(altered.length, (index) => callBack(service, { ...altered[index] }))
    allOf('answers', answers, ['403 forbidden', '400 validation_failed', '415 unsupported_media_type'])
  },
})

const replayedCallbacks = told({
  ...twilio,
  id: 'D6',
  tried: 'Twilio callbacks 50 times at once, out of order, for a message of nobody',
  message: ['twilio', 'SMd6'],
  recorded: ['delivery_failed'],
  async attempt({ service, allOf, equal }) {
    const states = ['sent', 'undelivered', 'queued', 'delivered', 'sent', 'failed']
    const of = (MessageSid: string, MessageStatus: string) =>
      callBack(service, signedCallback({ MessageSid, MessageStatus, ErrorCode: '30005' }))
    for (const state of states) allOf(state, [await of('SMd6', state)], [204])
    allOf('replays', await atOnce(50, () => of('SMd6', 'undelivered')), [204])
    allOf('of nobody', [await of('SMnobody', 'delivered')], [204])
    equal('of nobody', await endsOf(service, 'SMnobody'), [])
  },
})

const floods = told({
  ...gateway,
  id: 'D7',
  tried: '40 good reports and 40 forged ones where 20 calls a minute are allowed',
  settings: { FLOOD_PER_MINUTE: '20' },
  message: ['webhook', 'msg_d7'],
  recorded: ['delivery_confirmed'],
  async attempt({ service, allOf, equal }) {
    const good = signedReport(service, delivered('msg_d7'))
    allOf('good', await atOnce(40, () => report(service, good)), [204])
    const forgeries: number[] = []
    for (let call = 0; call < 40; call += 1) forgeries.push((await report(service, { json: {} })).status)
    equal('refused', forgeries.filter((status) => status === 403).length, 20)
    equal('turned away', forgeries.filter((status) => status === 429).length, 20)
  },
})

export const receipts: Group = {
  letter: 'D',
  title: 'Delivery receipts',
  attacks: [forged, stale, replayed, reflected, forgedCallbacks, replayedCallbacks, floods],
}
