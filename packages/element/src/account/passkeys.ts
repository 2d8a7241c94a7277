// One's own passkeys: added, named, removed.
import type { Passkey } from '../client.js'
import { h } from '../h.js'
import { isCancelled, loadPasskeys, remember } from '../passkeys.js'
import { lineOf } from '../problems.js'
import { field, linkButton } from '../views/view.js'
import { actionButton, editor, failure, row, type Surroundings, section } from './surroundings.js'

export async function passkeys(around: Surroundings): Promise<HTMLElement> {
  const { text, client, announce, proven, reload } = around
  const { words } = text
  const own = await loadPasskeys(client)
  const list = await own.list()
  const error = h('p', { class: 'error', role: 'alert' })

  /** @param task answers undefined where the person would rather not */
  async function run(said: string, task: () => Promise<unknown>): Promise<void> {
    error.textContent = ''
    try {
      if ((await proven(task)) === undefined) return
      announce(said)
      await reload('passkeys')
    } catch (thrown) {
      if (!isCancelled(thrown)) error.textContent = failure(around, thrown)
    }
  }

  async function add(): Promise<Passkey> {
    const made = await own.register()
    remember('has')
    return made
  }

  async function remove(id: string): Promise<unknown> {
    const removed = await own.remove(id)
    // Who takes away the last one is neither asked for it first any more nor offered another.
    if (list.length === 1) remember('declined')
    return removed
  }

  const rowOf = ({ id, name, created_at, last_used_at }: Passkey) => {
    const active = text.format(words.last_active, { when: text.ago(last_used_at ?? created_at) })
    const shown = row(
      [h('bdi', {}, name), h('span', { class: 'note' }, active)],
      actionButton(words.edit, name, () => rename(id, name, shown)),
      actionButton(words.remove, name, () => void run(words.removed, () => remove(id))),
    )
    return shown
  }

  function rename(id: string, name: string, place: HTMLElement): void {
    const typed = field('passkey', words.passkey_name, { value: name, maxlength: 200 })
    editor(around, place, {
      label: words.save,
      children: [typed.root],
      save: async () => {
        const wanted = typed.input.value.trim()
        typed.say(wanted === '' ? words.error_required : null)
        if (wanted === '' || (await proven(() => own.rename(id, wanted))) === undefined) return false
        announce(words.saved)
        await reload('passkeys')
        return true
      },
      onFailed: (problem) => {
        const isTyped = problem.kind === 'validation_failed'
        if (isTyped) typed.say(lineOf(problem, text))
        return isTyped
      },
    })
  }

  const none = list.length === 0 && h('p', { class: 'note' }, words.no_passkeys)
  const more = own.isSupported() && list.length < 10 && linkButton(words.add_passkey, () => void run(words.saved, add))
  return section('passkeys', words.passkeys, none, ...list.map(rowOf), error, more)
}
