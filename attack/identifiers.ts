// E. Identifier confusion: one person under two names, two people under one, a message to somebody else.
import { createFlow, type Person, personOf, signIn } from './support/flows.js'
import type { Answer } from './support/http.js'
import { type Attack, type Group, named, type Scene } from './support/scene.js'

type Fields = Record<string, unknown>

const ways = {
  mobile: (text: string): [string, Fields] => ['/api/auth/send-otp', { mobile_number: text }],
  phone: (text: string): [string, Fields] => ['/auth/request-otp', { phonePrefix: '+91', phone: text }],
  email: (text: string): [string, Fields] => ['/auth/request-otp', { email: text }],
}

const send = ({ service }: Scene, [path, json]: [string, Fields]) => service.ask('POST', path, { json })
const rowsLike = async ({ service }: Scene, pattern: string) =>
  service.grey.query<{ identifier: string }>('SELECT identifier FROM otps WHERE identifier LIKE $1', [pattern])

/** Each text is refused with 400, and no message leaves. */
function refusals(id: string, tried: string, way: keyof typeof ways, texts: (number: string) => string[]): Attack {
  return {
    id,
    tried,
    flows: [way],
    async run(scene) {
      const { service, flow, allOf, equal } = scene
      const before = service.sink.messages.length
      const person = flow.newPerson()
      const answers: Answer[] = []
      for (const text of texts(person.identifier.replace('+91', ''))) answers.push(await send(scene, ways[way](text)))
      allOf('answers', answers, ['400 validation_failed'])
      equal('messages', service.sink.messages.length - before, 0)
    },
  }
}

/** Each text is refused or means the same number: one row, whatever is typed. */
function spellings(way: 'mobile' | 'phone'): Attack {
  return {
    id: 'E1',
    tried: 'a number with trunk 0, dashes, brackets, in other digits, with invisible signs',
    flows: [way],
    async run(scene) {
      const { flow, allOf, equal, service } = scene
      const { identifier } = flow.newPerson()
      const number = identifier.slice(3)
      const [start, end] = [number.slice(0, 5), number.slice(5)]
      const same = [number, `0${number}`, `${start}-${end}`, `${start} ${end}`, `(0)${number}`, `${start}.${end}`]
      const arabic = [...number].map((digit) => String.fromCodePoint(0x0660 + Number(digit))).join('')
      const odd = [`+91${number}`, `+910${number}`, `+91 0${number}`, `91${number}`, `0091${number}`]
      const odder = [arabic, `${start}\u200b${end}`, `\ufeff${number}`, `${start}\u00a0${end}`, ` ${number}\n`]
      const answers: Answer[] = []
      for (const text of [...same, ...odd, ...odder]) answers.push(await send(scene, ways[way](text)))
      allOf('answers', answers, [200, '429 rate_limited', '400 validation_failed'])
      equal(
        'rows',
        (await rowsLike(scene, `%${end}`)).map((row) => row.identifier),
        [identifier],
      )
      equal('messages', service.sink.to(identifier).length, 1)
    },
  }
}

const garbage = (number: string) => [
  `call me +91${number} now`,
  `+91${number}<script>`,
  `tel:+91${number};ext=12`,
  `${number} ext 5`,
  `${number}x99`,
  `${number};phone-context=+91`,
  `${number}#12`,
  `${number},${number}`,
  `${number}\u0000`,
  'CALLMENOW1',
]

/** US and GB are allowed here, so that only the number's type is in the way. */
const abroad = { SMS_COUNTRIES: 'IN,US,GB' }

const costly: Attack = {
  id: 'E4',
  tried: 'premium, satellite, landline, toll-free, Guernsey for Britain',
  settings: abroad,
  async run({ service, allOf, equal }) {
    const numbers = [
      ['+1', '900 555 1234'],
      ['+44', '909 879 0000'],
      ['+881', '612345678'],
      ['+870', '773111632'],
      ['+91', '11 2345 6789'],
      ['+91', '1800123456'],
      ['+44', '20 7946 0958'],
      ['+44', '7911 123456'],
      ['+979', '123456789'],
      ['+800', '12345678'],
    ]
    const answers: Answer[] = []
    for (const [phonePrefix, phone] of numbers) {
      answers.push(await service.ask('POST', '/auth/request-otp', { json: { phonePrefix, phone } }))
    }
    const refused = ['number_type_not_supported', 'country_not_supported', 'validation_failed']
    allOf('answers', answers, refused)
    equal('messages', service.sink.messages.length, 0)
  },
}

const conflicts: Attack = {
  id: 'E5',
  tried: 'a prefix against a number of another country; no prefix; both phone and email',
  settings: abroad,
  async run(scene) {
    const { service, allOf, equal } = scene
    const { identifier } = personOf('phone')
    const phone = identifier.slice(3)
    const bodies = [
      { phonePrefix: '+1', phone: identifier },
      { phonePrefix: '+1', phone: `91${phone}` },
      { phonePrefix: '+9', phone: `1${phone}` },
      { phonePrefix: '+919', phone: phone.slice(1) },
      { phonePrefix: '91', phone },
      { phonePrefix: '+91 ', phone },
      { phone },
      { phonePrefix: '+91' },
      { phonePrefix: '+91', phone, email: 'a@example.com' },
      {},
    ]
    const answers: Answer[] = []
    for (const json of bodies) answers.push(await service.ask('POST', '/auth/request-otp', { json }))
    allOf('answers', answers, ['validation_failed', 'country_not_supported'])
    equal('messages', service.sink.messages.length, 0)
  },
}

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
    equal('messages to the canonical address', service.sink.to(person.identifier).length, 2)
  },
}

const kept: Attack = {
  id: 'E9b',
  tried: 'dots and plus signs in an address keep their meaning',
  flows: ['email'],
  async run(scene) {
    const { service, equal } = scene
    const flow = createFlow('email', service)
    const [name = ''] = flow.newPerson().identifier.split('@')
    const addresses = [`${name}@example.com`, `${name}+tag@example.com`, `${name.replace('-', '.')}@example.com`]
    const answers = await Promise.all(addresses.map((address) => send(scene, ways.email(address))))
    equal('answers', answers.map(named), ['200', '200', '200'])
    equal(
      'messages',
      addresses.map((address) => service.sink.to(address).length),
      [1, 1, 1],
    )
  },
}

const mailbox = 'asha@example.com'

export const identifiers: Group = {
  letter: 'E',
  title: 'Identifier confusion',
  attacks: [
    spellings('mobile'),
    spellings('phone'),
    refusals('E2', 'numbers with words, markup, extensions, lists', 'mobile', garbage),
    refusals('E2', 'numbers with words, markup, extensions, lists', 'phone', garbage),
    refusals('E3', 'numbers with 00, with a country code and no plus', 'mobile', (number) => [
      `0091${number}`,
      `91${number}`,
      `00${number}`,
      `+0${number}`,
    ]),
    costly,
    conflicts,
    letterCase,
    refusals('E7', 'the Kelvin sign and a dotted I, which lower-case to ASCII', 'email', () => [
      '\u212aelvin@example.com',
      '\u0130rina@example.com',
      'asha@e\u212aample.com',
    ]),
    refusals('E8', 'a circled letter, a soft hyphen, a full-width dot in the domain', 'email', () => [
      'asha@\u24d4xample.com',
      'asha@exam\u00adple.com',
      'asha@example\uff0ecom',
      'asha@ex\u0430mple.com',
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
  ],
}
