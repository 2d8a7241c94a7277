// A dialog before everything that changes something: what will happen, why it is done, and a second press.
import { field, form, submitButton } from '../../element/src/views/view.js'
import { button, type Child, h } from './parts.js'
import type { Surroundings } from './surroundings.js'

/** As long as the service takes a reason. */
const maxReason = 160

export type Ask = {
  /** of the button and the heading */
  action: string
  /** to whom, or what */
  target: Child
  /** what will happen */
  lead: string
  isDangerous: boolean
  /** what has to be typed, where nothing brings it back */
  typed?: string
  run: (reason: string) => Promise<unknown>
}

const plain = (text: string) => text.normalize('NFKC').replace(/\s+/g, '').toLowerCase()

/** Answers whether it was done. */
export async function ask(around: Surroundings, asked: Ask): Promise<boolean> {
  const { text, place, proven, failure } = around
  const { own, words } = text
  const reason = field('reason', own.reason, { maxlength: maxReason, autocomplete: 'off', required: true })
  reason.input.setAttribute('aria-describedby', 'reason-hint reason-error')
  reason.root.append(h('p', { class: 'note', id: 'reason-hint' }, own.reason_hint))
  const typed =
    asked.typed === undefined
      ? null
      : field('typed', text.format(own.type_to_confirm, { what: text.isolated(asked.typed) }), {
          autocomplete: 'off',
          spellcheck: 'false',
          autocapitalize: 'off',
        })
  const submit = submitButton(asked.action)
  const error = h('p', { class: 'error', role: 'alert' })

  function isFilledIn(): boolean {
    const isReason = reason.input.value.trim() !== ''
    reason.say(isReason ? null : words.error_required)
    const isTyped = typed === null || plain(typed.input.value) === plain(asked.typed ?? '')
    typed?.say(isTyped ? null : own.type_wrong)
    if (!isReason) reason.input.focus()
    else if (!isTyped) typed?.input.focus()
    return isReason && isTyped
  }

  /** the last try */
  let tried: Promise<boolean> | undefined

  /** Answers whether it was done. */
  async function run(): Promise<boolean> {
    submit.show(words.checking)
    error.textContent = ''
    try {
      await proven(() => asked.run(reason.input.value.trim()))
      dialog.close()
      return true
    } catch (thrown) {
      error.textContent = failure(thrown)
      return false
    } finally {
      submit.show(null)
    }
  }

  const isRunning = () => submit.button.hasAttribute('aria-disabled')
  // Closing calls nothing back that is under way: the dialog stays until it is known what became of it.
  const stay = (event: Event) => isRunning() && event.preventDefault()

  const made = form(
    () => {
      if (!isRunning() && isFilledIn()) tried = run()
    },
    h('h2', { id: 'ask' }, asked.action, ': ', h('bdi', {}, asked.target)),
    h('p', { class: 'lead', id: 'ask-lead' }, asked.lead),
    reason.root,
    typed?.root,
    error,
    h(
      'div',
      { class: 'buttons' },
      submit.button,
      button(words.cancel, () => isRunning() || dialog.close()),
    ),
  )
  made.removeAttribute('aria-labelledby')
  const attributes = { 'aria-labelledby': 'ask', 'aria-describedby': 'ask-lead' }
  const dialog = h('dialog', { class: asked.isDangerous ? 'ask severe' : 'ask', oncancel: stay, ...attributes }, made)
  place.append(dialog)
  dialog.showModal()
  reason.input.focus()
  around.signal.addEventListener('abort', () => dialog.close(), { once: true })
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
  // Browsers close it at a second Escape, whatever the page wants (HTML, close watchers).
  const isDone = await tried
  dialog.remove()
  if (!isDone || around.signal.aborted) return false
  around.announce(own.done)
  return true
}
