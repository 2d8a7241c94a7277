// E. Email addresses: one mailbox is one account, and no text is two addresses.
import { refusals, send, ways } from './identifiers-refused.js'
import { type Attack, named } from './support/context.js'
import { createFlow, type Person, signIn } from './support/flows.js'

const letterCase: Attack = {
  id: 'E6',
  tried: 'one mailbox in capitals and not',
  flows: ['email'],
  async run({ service, flow, equal }) {
    const person = flow.newPerson()
    const first = await signIn(service, flow, person)
    const shouting: Person = { identifier: person.identifier, fields: { email: person.identifier.toUpperCase() } }
    const second = await signIn(service, flow, shouting)
    equal('same user', first.userId === second.userId, true)
    equal('messages to the canonical address', service.gateway.to(person.identifier).length, 2)
  },
}

const kept: Attack = {
  id: 'E9b',
  tried: 'dots and plus signs in an address keep their meaning',
  flows: ['email'],
  async run(context) {
    const { service, equal } = context
    const flow = createFlow('email', service)
    const [name = ''] = flow.newPerson().identifier.split('@')
    const addresses = [`${name}@example.com`, `${name}+tag@example.com`, `${name.replace('-', '.')}@example.com`]
    const answers = await Promise.all(addresses.map((address) => send(context, ways.email(address))))
    equal('answers', answers.map(named), ['200', '200', '200'])
    equal(
      'messages',
      addresses.map((address) => service.gateway.to(address).length),
      [1, 1, 1],
    )
  },
}

/** What looks like a domain is that domain where UTS #46 says so, and another one where it does not: never two for one text. */
const domains: Attack = {
  id: 'E8',
  tried: 'a circled letter, a soft hyphen, a full-width dot, a Cyrillic letter in the domain',
  flows: ['email'],
  async run(context) {
    const { service, equal } = context
    const flow = createFlow('email', service)
    const [name = ''] = flow.newPerson().identifier.split('@')
    const same = ['\u24d4xample.com', 'exam\u00adple.com', 'example\uff0ecom', 'e\uff58ample\u3002com']
    const answers = []
    for (const domain of same) answers.push(named(await send(context, ways.email(`${name}@${domain}`))))
    equal('answers', answers, ['200', '429 rate_limited', '429 rate_limited', '429 rate_limited'])
    equal('messages', service.gateway.to(`${name}@example.com`).length, 1)
    await send(context, ways.email(`${name}@ex\u0430mple.com`))
    equal('messages to the other domain', service.gateway.to(`${name}@xn--exmple-4nf.com`).length, 1)
    equal('messages to the first one, still', service.gateway.to(`${name}@example.com`).length, 1)
  },
}

const mailbox = 'asha@example.com'

export const emails: readonly Attack[] = [
  letterCase,
  refusals('E7', 'the Kelvin sign and a dotted I, which lower-case to ASCII', 'email', () => [
    '\u212aelvin@example.com',
    '\u0130rina@example.com',
  ]),
  domains,
  refusals('E8', 'domains that decode to nothing, or join nothing', 'email', () => [
    'asha@xn--a.example',
    'asha@bü\u200dcher.example',
    'asha@\u0301example.com',
    'asha@exam ple.com',
  ]),
  refusals('E9', 'homoglyphs, quotes, address literals, lengths, two at signs', 'email', () => [
    '\u0430sha@example.com',
    '"asha"@example.com',
    '"a@b"@example.com',
    'asha@[127.0.0.1]',
    'asha@127.0.0.1',
    'asha@localhost',
    `${'a'.repeat(65)}@example.com`,
    `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.com`,
    'asha@example.com@evil.example',
    'asha@evil.example\u0000@example.com',
    '.asha@example.com',
    'as..ha@example.com',
    'asha@-example.com',
    'asha@xn--a.com',
    'asha@xn--example-.com',
    '<asha@example.com>',
    'Asha <asha@example.com>',
  ]),
  kept,
  refusals('E10', 'line breaks, lists, comments, percent signs in an address', 'email', () => [
    `${mailbox}\r\nBcc: eve@example.org`,
    `${mailbox}\nBcc:eve@example.org`,
    `${mailbox},eve@example.org`,
    `${mailbox};eve@example.org`,
    `${mailbox} eve@example.org`,
    `asha(comment)@example.com`,
    `asha%0d%0a@example.com%0d%0aBcc:eve@example.org`,
    `eve@example.org%example.com`,
  ]),
]
