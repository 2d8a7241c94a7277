// A passkey is offered to who has just typed a code: the next time takes a fingerprint.
import { h } from '../h.js'
import type { State } from '../steps.js'
import { busyLine, type Context, form, heading, linkButton, problemLine, submitButton, type View } from './view.js'

export function offerView({ flow, text }: Context): View {
  const { words } = text
  const submit = submitButton(words.passkey_create)
  const error = h('p', { class: 'error', role: 'alert' })
  return {
    root: form(
      () => void flow.createPasskey(),
      heading(words.passkey_offer),
      h('p', { class: 'lead' }, words.passkey_offer_lead),
      submit.button,
      error,
      h(
        'div',
        { class: 'more' },
        linkButton(words.not_now, () => void flow.declinePasskey()),
      ),
    ),
    update: ({ busy, problem }: State) => {
      submit.show(busyLine(text, busy))
      error.textContent = problemLine(text, problem) ?? ''
    },
  }
}
