// A. Guessing codes: one by one, all at once, and across resends.
import { spraying } from './guessing-many.js'
import { otherDigits, otherShapes } from './guessing-shapes.js'
import { afterCleanup, lockout, otherWays, sendsAfterCleanup } from './guessing-windows.js'
import { type Attack, bothFlows, type Group, named } from './support/context.js'
import { wrongCode } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { endCooldown, otpRow } from './support/otp-rows.js'
import { testIdentities } from './test-identities.js'

const invalid = ['401 otp_invalid']

const sequential: Attack = {
  id: 'A1',
  tried: '5 wrong guesses one by one, then the right code',
  flows: bothFlows,
  async run({ flow, allOf }) {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    const answers: Answer[] = []
    for (let step = 1; step <= 5; step += 1) answers.push(await flow.verify(person, wrongCode(code, step)))
    allOf('wrong', answers, invalid)
    allOf('right', [await flow.verify(person, code)], invalid)
  },
}

const parallel: Attack = {
  id: 'A2',
  tried: '200 wrong guesses at once',
  flows: bothFlows,
  async run({ flow, service, allOf, equal }) {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    allOf('answers', await atOnce(200, (index) => flow.verify(person, wrongCode(code, (index % 9) + 1))), invalid)
    const row = await otpRow(service.grey, person.identifier)
    equal('evaluated', row?.attempts, 5)
    equal('wrong counted', row?.failures, 5)
  },
}

const mixed: Attack = {
  id: 'A3',
  tried: '199 wrong guesses and the right one at once',
  flows: bothFlows,
  async run({ flow, service, allOf, expect }) {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    const answers = await atOnce(200, (index) => flow.verify(person, index === 100 ? code : wrongCode(code)))
    allOf('answers', answers, [200, ...invalid])
    expect(answers.filter(({ status }) => status === 200).length <= 1, 'more than one was let in')
    const row = await otpRow(service.grey, person.identifier)
    expect(Number(row?.attempts) <= 5, `${row?.attempts} guesses were evaluated`)
  },
}

const resends: Attack = {
  id: 'A4',
  tried: '8 × (a new code, then 30 wrong guesses at once)',
  flows: bothFlows,
  async run({ flow, service, note, expect, equal, allOf }) {
    const person = flow.newPerson()
    let evaluated = 0
    let code = ''
    const sends: Answer[] = []
    for (let round = 0; round < 8; round += 1) {
      await endCooldown(service.grey, person.identifier)
      const sent = await flow.send(person)
      sends.push(sent)
      code = service.gateway.lastCode(person.identifier)
      await atOnce(30, (index) => flow.verify(person, wrongCode(code, (index % 9) + 1)))
      if (sent.status === 200) evaluated += Number((await otpRow(service.grey, person.identifier))?.attempts)
    }
    note(`sends: ${sends.map(({ status }) => status).join(' ')}`)
    equal('evaluated', evaluated, 20)
    expect(
      sends.slice(4).every(({ status }) => status === 429),
      'sends went on after the budget',
    )
    allOf('right code', [await flow.verify(person, code)], invalid)
  },
}

const sameCode: Attack = {
  id: 'A4b',
  tried: '8 × (sent again, a wrong guess), to get more than 5 out of one code',
  flows: bothFlows,
  async run({ flow, service, equal, expect }) {
    const person = flow.newPerson()
    const codes: string[] = []
    const allowed: unknown[] = []
    for (let round = 0; round < 8; round += 1) {
      const sent = await flow.send(person)
      allowed.push(sent.body['attempts_allowed'])
      codes.push(service.gateway.lastCode(person.identifier))
      await flow.verify(person, wrongCode(String(codes.at(-1))))
      await endCooldown(service.grey, person.identifier)
    }
    equal('guesses left', allowed, [5, 4, 3, 2, 1, 5, 4, 3])
    equal('codes', [new Set(codes.slice(0, 5)).size, new Set(codes.slice(5)).size], [1, 1])
    expect(codes[4] !== codes[5], 'a code that was used up was sent again')
    equal('wrong counted', (await otpRow(service.grey, person.identifier))?.failures, 8)
    equal('the first one', named(await flow.verify(person, codes[0])), '401 otp_invalid')
    equal('the last one', (await flow.verify(person, codes[7])).status, 200)
  },
}

export const guessing: Group = {
  letter: 'A',
  title: 'Guessing',
  attacks: [
    sequential,
    parallel,
    mixed,
    resends,
    sameCode,
    ...testIdentities,
    afterCleanup,
    sendsAfterCleanup,
    otherWays,
    ...spraying,
    lockout,
    otherShapes,
    otherDigits,
  ],
}
