// Steps that are little more than a sentence: somebody is signed in, a number that was somebody else's, the end.
import { h, icon } from '../h.js'
import type { Person, State, Step } from '../steps.js'
import { busyLine, type Context, form, heading, linkButton, problemLine, submitButton, type View } from './view.js'

const tick = 'm5 12.5 4.5 4.5L19 7'

export const nameOf = ({ user_name, phone, email }: Person) => user_name ?? phone ?? email ?? ''

/** Somebody is signed in already, and goes on or is somebody else. */
export function presentView({ flow, text }: Context, user: Person): View {
  const { words } = text
  const submit = submitButton(text.format(words.continue_as, { who: text.isolated(nameOf(user)) }))
  const error = h('p', { class: 'error', role: 'alert' })
  return {
    root: form(
      () => void flow.goOn(user),
      heading(words.present),
      submit.button,
      error,
      h(
        'div',
        { class: 'more' },
        linkButton(words.other_account, () => void flow.signOut()),
      ),
    ),
    update: ({ busy, problem }: State) => {
      submit.show(busyLine(text, busy))
      error.textContent = problemLine(text, problem) ?? ''
    },
  }
}

/** The number may have been somebody else's: whoever has the account proves its other identifier too. */
export function recycledView({ flow, text }: Context, step: Extract<Step, { name: 'recycled' }>): View {
  const { words } = text
  const submit = submitButton(words.prove_other)
  const error = h('p', { class: 'error', role: 'alert' })
  const wait = h('p', { class: 'lead', role: 'status' })
  const ask = linkButton(words.new_account, () => void flow.askForNewAccount())
  const show = (state: State) => {
    if (state.step.name !== 'recycled') return
    const { waitUntil } = state.step
    const time = waitUntil === null ? '' : text.duration((waitUntil - Date.now()) / 1_000)
    wait.textContent = waitUntil === null ? '' : text.format(words.new_account_in, { time })
    ask.hidden = waitUntil !== null
    submit.show(busyLine(text, state.busy))
    error.textContent = problemLine(text, state.problem) ?? ''
  }
  show({ ...flow.state, step })
  return {
    root: form(
      () => flow.dispatch({ type: 'prove-other' }),
      heading(words.recycled),
      h('p', { class: 'lead' }, words.recycled_lead),
      wait,
      error,
      submit.button,
      h(
        'div',
        { class: 'more' },
        ask,
        linkButton(words.back, () => flow.startOver()),
      ),
    ),
    update: show,
  }
}

export function doneView({ text, flow }: Context, step: Extract<Step, { name: 'done' }>): View {
  const { words } = text
  return {
    root: h(
      'div',
      { class: 'done', role: 'status' },
      h('div', { class: 'seal', 'aria-hidden': 'true' }, icon(tick)),
      heading(step.isNewUser ? words.welcome_new : words.welcome),
      h('p', { class: 'lead' }, h('bdi', {}, nameOf(step.user))),
      h(
        'div',
        { class: 'more' },
        linkButton(words.sign_out, () => void flow.signOut()),
      ),
    ),
  }
}
