// The second step: the code.
import { readCode } from '../../../../src/reading.js'
import { h } from '../h.js'
import type { Problem } from '../problems.js'
import type { State, Step } from '../steps.js'
import { againButton } from './again.js'
import { codeField } from './code-field.js'
import {
  around,
  busyLine,
  type Context,
  form,
  heading,
  linkButton,
  problemLine,
  submitButton,
  type View,
  whoElement,
} from './view.js'

type CodeStep = Extract<Step, { name: 'code' }>
type Shown = Pick<State, 'problem' | 'resent'> & { sent: CodeStep['sent'] }

const isRefusal = (problem: Problem | null) => problem?.kind === 'otp_invalid' || problem?.kind === 'code_spent'

export function codeView(context: Context, step: CodeStep): View {
  const { flow, text, options, announce } = context
  const { words } = text
  const canCall = options.voice && step.who.method === 'phone'
  const code = codeField(text, options.codeLength, 'sent', (whole) => {
    flow.dispatch({ type: 'typed' })
    if (whole !== null) void flow.verify(whole)
  })
  const submit = submitButton(words.continue)
  const call = linkButton(words.call_me, () => void flow.resend('voice'))
  const again = againButton(
    text,
    () => void flow.resend(),
    (left) => {
      call.hidden = left > 0 || !canCall
      if (left === 0) announce(words.resend)
    },
  )
  let endTimer: ReturnType<typeof setTimeout> | undefined
  let shown: Shown | null = null

  function count({ resendAt, endsAt }: CodeStep['sent']): void {
    again.count(resendAt)
    // Once, and not every second; its end is told as well.
    announce(again.button.textContent ?? '')
    clearTimeout(endTimer)
    endTimer = setTimeout(() => flow.dispatch({ type: 'ended' }), endsAt - Date.now())
  }

  function show({ step, busy, problem, resent }: State): void {
    if (step.name !== 'code') return
    const { sent } = step
    const before = shown
    shown = { sent, problem, resent }
    if (sent.resendAt !== before?.sent.resendAt || sent.endsAt !== before.sent.endsAt) count(sent)
    const isSending = busy === 'sending' || busy === 'solving'
    submit.show(busyLine(text, isSending ? null : busy))
    again.button.classList.toggle('busy', isSending)
    code.say(problemLine(text, problem))
    if (resent > (before?.resent ?? resent)) {
      announce(words.resent)
      code.listen()
    }
    if (problem !== before?.problem && isRefusal(problem)) code.clear()
  }

  const sentTo = around(words.sent_to, whoElement(step.who.shown))
  show(flow.state)
  return {
    root: form(
      () => void flow.verify(readCode(code.input.value)),
      heading(words.enter_code),
      h(
        'p',
        { class: 'lead' },
        h('span', { id: 'sent' }, ...sentTo),
        ' ',
        linkButton(words.change, () => flow.startOver()),
      ),
      code.root,
      submit.button,
      h('div', { class: 'more' }, again.button, call),
    ),
    focus: () => code.input.focus(),
    update: show,
    end: () => {
      code.end()
      again.stop()
      clearTimeout(endTimer)
    },
  }
}
