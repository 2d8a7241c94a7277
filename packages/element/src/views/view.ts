// What the views have in common.

import type { SignIn } from '../flow.js'
import { type Child, h, set } from '../h.js'
import { lineOf, type Problem } from '../problems.js'
import type { State } from '../steps.js'
import type { Text } from '../text.js'

export type View = {
  root: HTMLElement
  /** what is focused when the step begins; the heading where not given */
  focus?: () => void
  /** follows the state while the step stays the same */
  update?: (state: State) => unknown
  /** stops timers and what waits */
  end?: () => void
}

export type Context = {
  text: Text
  flow: SignIn
  /** says something to screen readers, politely */
  announce: (line: string) => void
  /** loads once more what could not be loaded, and shows this step again */
  again: () => void
  options: {
    name: string
    voice: boolean
    codeLength: number
    /** ISO 3166-1 alpha-2 */
    country: string | null
    isMobile: boolean
  }
}

/** The heading of a step, which can take the focus. */
export function heading(line: string): HTMLElement {
  return h('h1', { id: 'heading', tabindex: '-1', part: 'heading' }, line)
}

export type Field = { root: HTMLElement; input: HTMLInputElement; say: (line: string | null) => void }

/** A label, its input and the place for what is wrong with it. */
export function field(
  name: string,
  label: string,
  attributes: Parameters<typeof h>[1] = {},
  around: (input: HTMLInputElement) => Child = (input) => input,
): Field {
  const input = h('input', { id: name, name, part: 'input', 'aria-describedby': `${name}-error`, ...attributes })
  const error = h('p', { id: `${name}-error`, class: 'error', role: 'alert' })
  const root = h('div', { class: 'field' }, h('label', { for: name }, label), around(input), error)
  const say = (line: string | null) => {
    // The same line again is not read again, unless it was gone in between.
    if (error.textContent !== line) error.textContent = line ?? ''
    set(input, 'aria-invalid', line ? 'true' : null)
  }
  return { root, input, say }
}

/** The button that goes on; busy, it says what is done and takes no second press. */
export function submitButton(label: string) {
  const line = h('span', {}, label)
  const button = h('button', { type: 'submit', class: 'primary', part: 'button' }, line)
  const show = (busy: string | null) => {
    line.textContent = busy ?? label
    set(button, 'aria-disabled', busy === null ? null : 'true')
    button.classList.toggle('busy', busy !== null)
  }
  return { button, show }
}

export function linkButton(label: string, onclick: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'link', part: 'link', onclick }, label)
}

/** A form that the browser neither checks nor sends. */
export function form(onsubmit: () => void, ...children: Child[]): HTMLFormElement {
  const submit = (event: Event) => {
    event.preventDefault()
    onsubmit()
  }
  return h('form', { novalidate: true, 'aria-labelledby': 'heading', onsubmit: submit }, ...children)
}

export function busyLine({ words }: Text, busy: State['busy']): string | null {
  if (busy === null) return null
  const { sending, solving, checking } = words
  return { sending, solving, verifying: checking, saving: checking, passkey: checking }[busy]
}

/** A sentence with an element in place of what is in braces. */
export function around(line: string, element: HTMLElement): Child[] {
  const [before = '', after = ''] = line.split(/\{\w+\}/)
  return [before, element, after]
}

/** A phone or an email in its own direction; a long address breaks before its @. */
export function isolated(shown: string, className = ''): HTMLElement {
  const [local = '', domain] = shown.split('@')
  return h('bdi', { class: className }, local, ...(domain === undefined ? [] : [h('wbr'), `@${domain}`]))
}

/** Where a code went. */
export const whoElement = (shown: string) => isolated(shown, 'who')

export const problemLine = (text: Text, problem: Problem | null) => (problem ? lineOf(problem, text) : null)
