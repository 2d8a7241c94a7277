// The name.
import { h } from '../h.js'
import { field } from '../views/view.js'
import { actionButton, editor, row, type Surroundings, section } from './surroundings.js'

export function profile(around: Surroundings): HTMLElement {
  const { text, client, me, announce, reload } = around
  const { words } = text
  const shown = row(
    [
      h('span', { class: 'label' }, words.name),
      h('bdi', { class: me.user_name === null ? 'note' : '' }, me.user_name ?? words.none_yet),
    ],
    actionButton(words.edit, words.name, () => {
      const name = field('name', words.name, { autocomplete: 'name', maxlength: 200, value: me.user_name ?? '' })
      editor(around, shown, {
        label: words.save,
        children: [name.root],
        save: async () => {
          const value = name.input.value.trim()
          name.say(value === '' ? words.error_required : null)
          if (value === '') return false
          await client.account.rename(value)
          announce(words.saved)
          await reload('profile')
          return true
        },
      })
    }),
  )
  return section('profile', words.profile, shown)
}
