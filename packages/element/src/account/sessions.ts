// Where somebody is signed in, and the end of it.
import type { SessionInfo } from '../client.js'
import { h } from '../h.js'
import { linkButton } from '../views/view.js'
import { actionButton, failure, row, type Surroundings, section } from './surroundings.js'

export async function sessions(around: Surroundings): Promise<HTMLElement> {
  const { text, client, announce, reload } = around
  const { words } = text
  const error = h('p', { class: 'error', role: 'alert' })
  const list = await client.sessions.list()
  // This device comes first, then whoever was here last.
  const sorted = [...list].sort((one, other) => Number(other.current) - Number(one.current))

  async function run(end: () => Promise<unknown>): Promise<void> {
    try {
      await end()
      announce(words.saved)
      await reload('sessions')
    } catch (thrown) {
      error.textContent = failure(around, thrown)
    }
  }

  const rowOf = ({ id, device, network, last_seen_at, current }: SessionInfo) => {
    const name = device ?? words.unknown_device
    const active = text.format(words.last_active, { when: text.ago(last_seen_at) })
    return row(
      [
        h('bdi', {}, name),
        h(
          'span',
          { class: 'note' },
          current ? words.this_device : active,
          ...(network === null ? [] : [' · ', h('bdi', { dir: 'ltr' }, network)]),
        ),
      ],
      !current && actionButton(words.sign_out, name, () => void run(() => client.sessions.end(id))),
    )
  }
  const others = list.length > 1 && linkButton(words.sign_out_others, () => void run(() => client.sessions.endOthers()))
  return section('sessions', words.sessions, ...sorted.map(rowOf), error, others)
}
