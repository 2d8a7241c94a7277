// The field of a code: one, since keyboards and password managers fill no row of six. The boxes are drawn behind it.
import { readCode } from '../../../../src/reading.js'
import { autofillOtp } from '../client.js'
import { h } from '../h.js'
import type { Text } from '../text.js'
import { type Field, field } from './view.js'

export type CodeField = Field & {
  /** takes out what is there, for the next try */
  clear: () => void
  /** fills in the next code that a message brings (WebOTP) */
  listen: () => void
  end: () => void
}

/**
 * @param describedBy the id of what says where the code was sent
 * @param onTyped hears of every change, with the code once it is whole
 */
export function codeField(
  text: Text,
  length: number,
  describedBy: string,
  onTyped: (whole: string | null) => void,
): CodeField {
  const leaving = new AbortController()
  const boxes = Array.from({ length }, () => h('span', { class: 'box' }))
  const label = text.format(text.words.code_label, { count: text.number(length) })
  // Longer than the code: what is pasted may have spaces and marks in it.
  const attributes = { type: 'text', dir: 'ltr', maxlength: 64, 'aria-describedby': `${describedBy} code-error` }
  const made = field('code', label, attributes, (input) => {
    const drawn = h('div', { class: 'boxes', 'aria-hidden': 'true' }, ...boxes)
    return h('div', { class: 'code', part: 'code', dir: 'ltr' }, drawn, input)
  })
  const { root, input } = made
  root.querySelector('label')?.classList.add('hidden')
  input.addEventListener('input', () => {
    const code = readCode(input.value)
    // Letters are left where they are typed, so that one sees what is wrong.
    const isDigits = /^\d*$/.test(code)
    if (isDigits && input.value !== code.slice(0, length)) input.value = code.slice(0, length)
    draw()
    onTyped(isDigits && code.length >= length ? input.value : null)
  })
  for (const name of ['select', 'focus', 'blur', 'keyup', 'click']) input.addEventListener(name, draw)

  function draw(): void {
    const at = Math.min(input.selectionStart ?? input.value.length, length - 1)
    for (const [index, box] of boxes.entries()) {
      const digit = input.value[index] ?? ''
      if (box.textContent !== digit) box.textContent = digit
      box.classList.toggle('filled', digit !== '')
      box.classList.toggle('active', index === at && input.matches(':focus'))
    }
  }

  function clear(): void {
    input.value = ''
    draw()
    input.focus()
  }

  const listen = () => void autofillOtp(input, leaving.signal)
  listen()
  return { ...made, clear, listen, end: () => leaving.abort() }
}
