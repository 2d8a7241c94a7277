// E. Identifier confusion: one person under two names, two people under one, a message to somebody else.
import { emails } from './identifiers-emails.js'
import { recycled } from './identifiers-recycled.js'
import { refusals, send, ways } from './identifiers-refused.js'
import type { Attack, AttackContext, Group } from './support/context.js'
import { personOf } from './support/flows.js'
import type { Answer } from './support/http.js'

const rowsLike = async ({ service }: AttackContext, pattern: string) =>
  service.grey.query<{ identifier: string }>('SELECT identifier FROM otps WHERE identifier LIKE $1', [pattern])

/** Each text is refused or means the same number: one row, whatever is typed. */
function spellings(way: 'mobile' | 'phone'): Attack {
  return {
    id: 'E1',
    tried: 'a number with trunk 0, dashes, brackets, in other digits, with invisible signs',
    flows: [way],
    async run(context) {
      const { flow, allOf, equal, service } = context
      const { identifier } = flow.newPerson()
      const number = identifier.slice(3)
      const [start, end] = [number.slice(0, 5), number.slice(5)]
      const same = [number, `0${number}`, `${start}-${end}`, `${start} ${end}`, `(0)${number}`, `${start}.${end}`]
      const arabic = [...number].map((digit) => String.fromCodePoint(0x0660 + Number(digit))).join('')
      const odd = [`+91${number}`, `+910${number}`, `+91 0${number}`, `91${number}`, `0091${number}`]
      const odder = [arabic, `${start}\u200b${end}`, `\ufeff${number}`, `${start}\u00a0${end}`, ` ${number}\n`]
      const answers: Answer[] = []
      for (const text of [...same, ...odd, ...odder]) answers.push(await send(context, ways[way](text)))
      allOf('answers', answers, [200, '429 rate_limited', '400 validation_failed'])
      equal(
        'rows',
        (await rowsLike(context, `%${end}`)).map((row) => row.identifier),
        [identifier],
      )
      equal('messages', service.gateway.to(identifier).length, 1)
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
    equal('messages', service.gateway.messages.length, 0)
  },
}

const conflicts: Attack = {
  id: 'E5',
  tried: 'a prefix against a number of another country; no prefix; both phone and email',
  settings: abroad,
  async run(context) {
    const { service, allOf, equal } = context
    const { identifier } = personOf('phone')
    const phone = identifier.slice(3)
    const bodies = [
      { phonePrefix: '+1', phone: identifier },
      { phonePrefix: '+1', phone: `91${phone}` },
      { phonePrefix: '+9', phone: `1${phone}` },
      { phonePrefix: '+919', phone: phone.slice(1) },
      { phonePrefix: '091', phone },
      { phonePrefix: '+9198', phone: phone.slice(2) },
      { phone },
      { phonePrefix: '+91' },
      { phonePrefix: '+91', phone, email: 'a@example.com' },
      {},
    ]
    const answers: Answer[] = []
    for (const json of bodies) answers.push(await service.ask('POST', '/auth/request-otp', { json }))
    allOf('answers', answers, ['validation_failed', 'country_not_supported'])
    equal('messages', service.gateway.messages.length, 0)
  },
}

export const identifiers: Group = {
  letter: 'E',
  title: 'Identifier confusion',
  attacks: [
    spellings('mobile'),
    spellings('phone'),
    refusals('E2', 'numbers with words, markup, extensions, lists', 'mobile', garbage),
    refusals('E2', 'numbers with words, markup, extensions, lists', 'phone', garbage),
    refusals('E3', 'numbers with 00 or a zero more, with the code of another country', 'mobile', (number) => [
      `0044${number}`,
      `44${number}`,
      `+1${number}`,
      `00${number}`,
      `+0${number}`,
      `091${number}`,
    ]),
    costly,
    conflicts,
    ...emails,
    ...recycled,
  ],
}
