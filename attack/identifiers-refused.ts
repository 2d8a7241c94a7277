// E. Texts that are no identifier: sent in every flow, refused, and no message leaves.

import type { Attack, AttackContext } from './support/context.js'
import type { Answer } from './support/http.js'

type Fields = Record<string, unknown>

/** how a text is sent as an identifier in each flow */
export const ways = {
  mobile: (text: string): [string, Fields] => ['/api/auth/send-otp', { mobile_number: text }],
  phone: (text: string): [string, Fields] => ['/auth/request-otp', { phonePrefix: '+91', phone: text }],
  email: (text: string): [string, Fields] => ['/auth/request-otp', { email: text }],
}

export const send = ({ service }: AttackContext, [path, json]: [string, Fields]) => service.ask('POST', path, { json })
/** Each text is refused with 400, and no message leaves. */
export function refusals(
  id: string,
  tried: string,
  way: keyof typeof ways,
  texts: (number: string) => string[],
): Attack {
  return {
    id,
    tried,
    flows: [way],
    async run(context) {
      const { service, flow, allOf, equal } = context
      const before = service.gateway.messages.length
      const person = flow.newPerson()
      const answers: Answer[] = []
      for (const text of texts(person.identifier.replace('+91', ''))) answers.push(await send(context, ways[way](text)))
      allOf('answers', answers, ['400 validation_failed'])
      equal('messages', service.gateway.messages.length - before, 0)
    },
  }
}
