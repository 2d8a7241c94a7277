// The second step: the code. One field, since keyboards and password managers fill no row of six; the boxes are drawn behind it.
import { readCode } from '../../../../src/reading.js'
import { autofillOtp, countdown } from '../client.js'
import { h, set } from '../h.js'
import type { State, Step } from '../steps.js'
import {
  around,
  busyLine,
  type Context,
  field,
  form,
  heading,
  linkButton,
  problemLine,
  submitButton,
  type View,
} from './view.js'

type CodeStep = Extract<Step, { name: 'code' }>

export function codeView(context: Context, step: CodeStep): View {
  const { flow, text, options, announce } = context
  const { words } = text
  const length = options.codeLength
  const leaving = new AbortController()
  const boxes = Array.from({ length }, () => h('span', { class: 'box' }))
  const label = text.format(words.code_label, { count: text.number(length) })
  const { root, input, say } = field(
    'code',
    label,
    { type: 'text', dir: 'ltr', maxlength: 64, 'aria-describedby': 'sent code-error' },
    (input) =>
      h(
        'div',
        { class: 'code', part: 'code', dir: 'ltr' },
        h('div', { class: 'boxes', 'aria-hidden': 'true' }, ...boxes),
        input,
      ),
  )
  root.querySelector('label')?.classList.add('hidden')
  const submit = submitButton(words.continue)
  const again = linkButton(words.resend, () => resend())
  const call = linkButton(words.call_me, () => void flow.resend('voice'))
  call.hidden = true
  let stopCounting = () => {}
  let endTimer: ReturnType<typeof setTimeout> | undefined
  let counted: CodeStep['sent'] | null = null

  input.addEventListener('input', () => {
    const code = readCode(input.value)
    // Letters are left where they are typed, so that one sees what is wrong.
    if (/^\d*$/.test(code)) input.value = code.slice(0, length)
    flow.dispatch({ type: 'typed' })
    draw()
    if (input.value.length === length && /^\d+$/.test(input.value)) void flow.verify(input.value)
  })
  for (const name of ['select', 'focus', 'blur', 'keyup', 'click']) input.addEventListener(name, draw)
  void autofillOtp(input, leaving.signal)

  function draw(): void {
    const at = Math.min(input.selectionStart ?? input.value.length, length - 1)
    for (const [index, box] of boxes.entries()) {
      const digit = input.value[index] ?? ''
      if (box.textContent !== digit) box.textContent = digit
      box.classList.toggle('filled', digit !== '')
      box.classList.toggle('active', index === at && input.matches(':focus'))
    }
  }

  function resend(): void {
    if (again.getAttribute('aria-disabled') !== 'true') void flow.resend()
  }

  function count(sent: CodeStep['sent']): void {
    if (sent.resendAt === counted?.resendAt && sent.endsAt === counted.endsAt) return
    counted = sent
    stopCounting()
    clearTimeout(endTimer)
    stopCounting = countdown((sent.resendAt - Date.now()) / 1_000, (left) => {
      again.textContent = left > 0 ? text.format(words.resend_in, { time: text.duration(left) }) : words.resend
      set(again, 'aria-disabled', left > 0 ? 'true' : null)
      call.hidden = left > 0 || !options.voice || step.who.method !== 'phone'
      if (left === 0 && counted !== null) announce(words.resend)
    })
    endTimer = setTimeout(() => flow.dispatch({ type: 'ended' }), sent.endsAt - Date.now())
  }

  let told = flow.state.resent
  let before: State | null = null
  function show(state: State): void {
    if (state.step.name !== 'code') return
    count(state.step.sent)
    submit.show(busyLine(text, state.busy === 'sending' ? null : state.busy))
    again.classList.toggle('busy', state.busy === 'sending')
    say(problemLine(text, state.problem))
    if (state.resent > told) announce(words.resent)
    told = state.resent
    const isWrong = state.problem !== null && state.problem !== before?.problem
    if (isWrong && state.problem?.kind.startsWith('otp')) refuse()
    before = state
  }

  /** A wrong code is taken out, and the field is ready for the next one. */
  function refuse(): void {
    input.value = ''
    draw()
    input.focus()
  }

  const sentTo = around(words.sent_to, h('bdi', { class: 'who' }, step.who.shown))
  show(flow.state)
  return {
    root: form(
      () => void flow.verify(readCode(input.value)),
      heading(words.enter_code),
      h(
        'p',
        { class: 'lead' },
        h('span', { id: 'sent' }, ...sentTo),
        ' ',
        linkButton(words.change, () => flow.startOver()),
      ),
      root,
      submit.button,
      h('div', { class: 'more' }, again, call),
    ),
    focus: () => input.focus(),
    update: show,
    end: () => {
      leaving.abort()
      stopCounting()
      clearTimeout(endTimer)
    },
  }
}
