// D. Delivery receipts: who may say what became of a message, and how often it counts.
import { atOnce } from './support/http.js'
import {
  acceptMessage,
  callBack,
  endsOf,
  receiptSettings,
  report,
  type Signing,
  signedCallback,
  signedReport,
} from './support/receipts.js'
import type { Attack, Group } from './support/scene.js'

const needs = { routes: ['POST /webhooks/delivery'] }
const delivered = (messageId: string) => ({ message_id: messageId, status: 'delivered' })

const forged: Attack = {
  id: 'D1',
  tried: 'reports without a signature, with another secret, about another body, id or time',
  needs,
  async run({ service, allOf, equal }) {
    await acceptMessage(service, 'webhook', 'msg_d1')
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
    equal('recorded', await endsOf(service, 'msg_d1'), [])
  },
}

const stale: Attack = {
  id: 'D2',
  tried: 'a good report 6 minutes, a day late and 6 minutes early',
  needs,
  async run({ service, allOf, equal }) {
    await acceptMessage(service, 'webhook', 'msg_d2')
    const signings: Signing[] = [{ secondsAgo: 360 }, { secondsAgo: 86_400 }, { secondsAgo: -360 }]
    const answers = await atOnce(signings.length, (index) =>
      report(service, signedReport(service, delivered('msg_d2'), signings[index])),
    )
    allOf('answers', answers, ['403 forbidden'])
    equal('recorded', await endsOf(service, 'msg_d2'), [])
  },
}

const replayed: Attack = {
  id: 'D3',
  tried: 'one report 50 times at once, then the opposite: recorded once',
  needs,
  async run({ service, allOf, equal }) {
    await acceptMessage(service, 'webhook', 'msg_d3')
    const good = signedReport(service, delivered('msg_d3'))
    allOf('answers', await atOnce(50, () => report(service, good)), [204])
    const opposite = signedReport(service, { message_id: 'msg_d3', status: 'failed' })
    allOf('the opposite', [await report(service, opposite)], [204])
    equal('recorded', await endsOf(service, 'msg_d3'), ['delivery_confirmed'])
  },
}

const reflected: Attack = {
  id: 'D4',
  tried: 'our own signed message sent back as a report; a report on a message of another driver',
  flows: ['phone'],
  needs,
  async run({ service, flow, allOf, equal }) {
    const person = flow.newPerson()
    await flow.sendForCode(person)
    const [message] = service.sink.to(person.identifier)
    const headers = { ...message?.headers }
    allOf('reflected', [await report(service, { raw: String(message?.raw), headers })], ['400 validation_failed'])
    await acceptMessage(service, 'smtp', 'msg_d4')
    allOf('another driver', [await report(service, signedReport(service, delivered('msg_d4')))], ['404 not_found'])
    equal('recorded', await endsOf(service, 'msg_d4'), [])
  },
}

const twilioNeeds = { settings: ['TWILIO_AUTH_TOKEN'] }

const forgedCallbacks: Attack = {
  id: 'D5',
  tried: 'Twilio callbacks unsigned, with another token or URL, a parameter changed, added, twice; as JSON',
  settings: receiptSettings,
  needs: twilioNeeds,
  async run({ service, allOf, equal }) {
    await acceptMessage(service, 'twilio', 'SMd5')
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
    equal('recorded', await endsOf(service, 'SMd5'), [])
  },
}

const replayedCallbacks: Attack = {
  id: 'D6',
  tried: 'Twilio callbacks 50 times at once, out of order, for a message of nobody',
  settings: receiptSettings,
  needs: twilioNeeds,
  async run({ service, allOf, equal }) {
    await acceptMessage(service, 'twilio', 'SMd6')
    const states = ['sent', 'undelivered', 'queued', 'delivered', 'sent', 'failed']
    const of = (MessageSid: string, MessageStatus: string) =>
      callBack(service, signedCallback({ MessageSid, MessageStatus, ErrorCode: '30005' }))
    for (const state of states) allOf(state, [await of('SMd6', state)], [204])
    allOf('replays', await atOnce(50, () => of('SMd6', 'undelivered')), [204])
    allOf('of nobody', [await of('SMnobody', 'delivered')], [204])
    equal('recorded', await endsOf(service, 'SMd6'), ['delivery_failed'])
    equal('of nobody', await endsOf(service, 'SMnobody'), [])
  },
}

const floods: Attack = {
  id: 'D7',
  tried: '40 good reports and 40 forged ones where 20 calls a minute are allowed',
  settings: { FLOOD_PER_MINUTE: '20' },
  needs,
  async run({ service, allOf, equal }) {
    await acceptMessage(service, 'webhook', 'msg_d7')
    const good = signedReport(service, delivered('msg_d7'))
    allOf('good', await atOnce(40, () => report(service, good)), [204])
    const forgeries: number[] = []
    for (let call = 0; call < 40; call += 1) forgeries.push((await report(service, { json: {} })).status)
    equal('refused', forgeries.filter((status) => status === 403).length, 20)
    equal('turned away', forgeries.filter((status) => status === 429).length, 20)
  },
}

export const receipts: Group = {
  letter: 'D',
  title: 'Delivery receipts',
  attacks: [forged, stale, replayed, reflected, forgedCallbacks, replayedCallbacks, floods],
}
