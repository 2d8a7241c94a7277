// A. Guesses that are no codes: refused as requests, and not counted as guesses.

import { type Attack, onEachFlow } from './support/context.js'
import { atOnce } from './support/http.js'
import { otpRow } from './support/otp-rows.js'

function shapes(id: string, tried: string, write: (code: string) => unknown[]): Attack {
  return onEachFlow(id, tried, async ({ flow, service, allOf, equal }) => {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    const guesses = write(code)
    const answers = await atOnce(guesses.length, (index) => flow.verify(person, guesses[index]))
    allOf('answers', answers, ['400 validation_failed'])
    equal('evaluated', (await otpRow(service.grey, person.identifier))?.attempts, 0)
    equal('then the right code', (await flow.verify(person, code)).status, 200)
  })
}

const inOtherDigits = (code: string, zero: number) =>
  [...code].map((digit) => String.fromCodePoint(zero + Number(digit))).join('')

export const otherShapes = shapes(
  'A9',
  'the code as a number, a list, an object, too short, too long, in numerals',
  (code) => [
    Number(code),
    [code],
    { $ne: 1 },
    { equals: code },
    null,
    true,
    '',
    code.slice(1),
    `${code}0`,
    `0${code}`,
    `${code},${code}`,
    `+${code.slice(1)}`,
    `${code.slice(0, 3)}\n${code.slice(3)}`,
    `\u2460${code.slice(1)}`,
  ],
)

/** Read as the code in ASCII, so they are guesses like any other, of the same five. */
export const otherDigits = onEachFlow(
  'A10',
  'wrong codes in other digits, with spaces, with invisible signs: one budget of guesses',
  async ({ flow, service, equal }) => {
    const person = flow.newPerson()
    const code = await flow.sendForCode(person)
    const wrong = `${(Number(code[0]) + 1) % 10}${code.slice(1)}`
    const guesses = [
      inOtherDigits(wrong, 0xff10),
      inOtherDigits(wrong, 0x0660),
      ` ${wrong.slice(0, 3)} ${wrong.slice(3)}\n`,
      `\u202a${wrong}\u202c`,
      wrong,
      inOtherDigits(wrong, 0x0966),
      `${wrong}\u200b`,
    ]
    for (const guess of guesses) await flow.verify(person, guess)
    equal('evaluated', (await otpRow(service.grey, person.identifier))?.attempts, 5)
    equal('then the right code', (await flow.verify(person, inOtherDigits(code, 0x0966))).status, 401)
  },
)
