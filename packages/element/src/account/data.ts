// A copy of all that is stored, and the end of the account.
import { h } from '../h.js'
import { linkButton } from '../views/view.js'
import { editor, failure, type Surroundings, section } from './surroundings.js'

export function data(around: Surroundings): HTMLElement {
  const { text, client, proven, leave } = around
  const { words } = text
  const error = h('p', { class: 'error', role: 'alert' })

  async function download(): Promise<void> {
    error.textContent = ''
    try {
      const everything = await proven(() => client.account.export())
      if (everything) save(JSON.stringify(everything, null, 2), `account-${everything.exported_at.slice(0, 10)}.json`)
    } catch (thrown) {
      error.textContent = failure(around, thrown)
    }
  }

  const remove = h(
    'div',
    {},
    linkButton(words.delete_account, () =>
      editor(around, remove, {
        label: words.delete_now,
        children: [h('p', { class: 'warning' }, words.delete_lead)],
        save: async () => {
          const deleted = await proven(() => client.account.delete())
          if (deleted) leave({ notice: 'deleted' })
          return deleted !== undefined
        },
      }),
    ),
  )
  remove.classList.add('danger')
  return section(
    'data',
    words.your_data,
    linkButton(words.download, () => void download()),
    error,
    remove,
  )
}

function save(text: string, name: string): void {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  h('a', { href, download: name }).click()
  URL.revokeObjectURL(href)
}
