// What the sections of the account page share.
import type { Client, Me, PhonePrefix } from '../client.js'
import { type Child, h } from '../h.js'
import { lineOf, type Problem, problemOf } from '../problems.js'
import type { Text } from '../text.js'
import { form, linkButton, submitButton } from '../views/view.js'

export type Surroundings = {
  text: Text
  client: Client
  codeLength: number
  countries: readonly PhonePrefix[]
  /** ISO 3166-1 alpha-2, of the phone that is added and the address that is written */
  country: string
  me: Me
  announce: (line: string) => void
  /** whether the service has passkeys */
  passkeys: boolean
  /** runs what asks for a recent proof: where there is none, a code is asked for, and it runs again */
  proven: <Result>(run: () => Promise<Result>) => Promise<Result | undefined>
  /** the session is over, for this reason or because the account is gone */
  leave: (ended: { problem: Problem } | { notice: 'deleted' }) => void
  /** shows all sections anew, with what the service says now, and goes on in this one */
  reload: (section: string) => Promise<void>
}

export function section(id: string, title: string, ...children: Child[]): HTMLElement {
  const attributes = { class: 'section', part: 'section', 'aria-labelledby': `${id}-title` }
  return h('section', attributes, h('h2', { id: `${id}-title`, tabindex: '-1' }, title), ...children)
}

/** One line of a section: what it is, and what can be done with it. */
export function row(main: Child[], ...actions: Child[]): HTMLElement {
  return h('div', { class: 'row' }, h('div', { class: 'main' }, ...main), h('div', { class: 'actions' }, ...actions))
}

/** A button that names what it is for, where its word alone would be said many times. */
export function actionButton(label: string, what: string, onclick: () => void): HTMLButtonElement {
  const button = linkButton(label, onclick)
  button.setAttribute('aria-label', `${label}: ${what}`)
  return button
}

/** The line for what went wrong; a session that is over is left. */
export function failure(around: Surroundings, error: unknown): string {
  const problem = problemOf(error)
  if (problem.kind === 'unauthorized' || problem.kind === 'token_expired') around.leave({ problem })
  return lineOf(problem, around.text)
}

/**
 * A form in place of a row, until it is saved or cancelled.
 * `save` answers false where something is not filled in, or what comes next in this place.
 */
export function editor(
  around: Surroundings,
  place: HTMLElement,
  options: {
    label: string
    children: Child[]
    save: () => Promise<boolean | (() => void)>
    onFailed?: (problem: Problem) => boolean
  },
): void {
  const { words } = around.text
  const submit = submitButton(options.label)
  const error = h('p', { class: 'error', role: 'alert' })
  const close = () => made.replaceWith(place)
  const goOn = (saved: true | (() => void)) => {
    close()
    if (saved !== true) saved()
  }
  const run = async () => {
    if (submit.button.getAttribute('aria-disabled')) return
    submit.show(words.checking)
    error.textContent = ''
    try {
      const saved = await options.save()
      if (saved !== false) return goOn(saved)
    } catch (thrown) {
      if (!options.onFailed?.(problemOf(thrown))) error.textContent = failure(around, thrown)
    }
    submit.show(null)
  }
  const cancel = linkButton(words.cancel, () => {
    close()
    place.querySelector('button')?.focus()
  })
  const made = form(() => void run(), ...options.children, error, h('div', { class: 'buttons' }, submit.button, cancel))
  made.classList.add('editor')
  made.removeAttribute('aria-labelledby')
  place.replaceWith(made)
  made.querySelector('input')?.focus()
}
