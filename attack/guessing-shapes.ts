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

export const otherShapes = shapes('A9', 'the code as a number, a list, an object, too short, too long', (code) => [
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
])

export const otherDigits = shapes('A10', 'the code in other digits, with spaces, with a newline', (code) => [
  inOtherDigits(code, 0xff10),
  inOtherDigits(code, 0x0660),
  inOtherDigits(code, 0x0966),
  ` ${code} `,
  `${code.slice(0, 3)} ${code.slice(3)}`,
  `${code}\n`,
  `${code}\u200b`,
  `+${code.slice(1)}`,
])
