// What became of somebody's messages, and what happened: a page at a time.
import type { Happening, Message, Page } from '../api.js'
import { meaningOfMessage, nameOfEvent } from '../meaning.js'
import { badge, button, type Child, entry, fill, h, moment, note, panel } from '../parts.js'
import type { Surroundings } from '../surroundings.js'

export function history(around: Surroundings, id: string): HTMLElement[] {
  const { text, api } = around
  const { own } = text
  return [
    paged(around, 'messages', own.messages, (cursor) => api.messages(id, cursor), messageRow),
    paged(around, 'events', own.events, (cursor) => api.events(id, cursor), eventRow),
  ]
}

function paged<Row>(
  around: Surroundings,
  name: string,
  title: string,
  read: (cursor?: string) => Promise<Page<Row>>,
  rowOf: (around: Surroundings, row: Row) => HTMLElement,
): HTMLElement {
  const { text, proven } = around
  const rows = h('ul', { class: 'rows history' })
  const rest = h('div', { class: 'rest' })
  const load = (cursor?: string): Promise<boolean> =>
    fill(
      around,
      rest,
      () => proven(() => read(cursor)),
      ({ rows: found, next }): Child[] => {
        const made = found.map((row) => rowOf(around, row))
        rows.append(...made)
        if (cursor !== undefined) made[0]?.querySelector<HTMLElement>('time')?.focus()
        if (rows.childElementCount === 0) return [note(text.words.none_yet)]
        return next === null ? [] : [button(text.own.more, () => void load(next))]
      },
    )
  void load()
  return panel(name, title, rows, rest)
}

function messageRow({ text }: Surroundings, message: Message): HTMLElement {
  const { happened_at, channel, country, driver, detail, receipts } = message
  const { name, advice, tone } = meaningOfMessage(message, text.own)
  const way = [
    channel === null ? null : channelName(text.words.email, channel),
    country === null ? null : text.countryName(country),
    driver,
  ]
  return entry(
    h('div', { class: 'main' }, badge(name, tone), moment(text, happened_at)),
    note(h('bdi', {}, way.filter((each) => each !== null).join(' · '))),
    advice !== null && h('p', { class: 'advice' }, advice),
    raw(receipts.at(-1)?.detail ?? detail),
  )
}

function eventRow({ text, link }: Surroundings, happening: Happening): HTMLElement {
  const { happened_at, event, detail, network, actor_id } = happening
  const actor = actor_id === null ? null : link({ name: 'user', id: actor_id })
  actor?.append(text.own.by_admin)
  return entry(
    h('div', { class: 'main' }, h('span', {}, nameOfEvent(happening, text.own) ?? event), moment(text, happened_at)),
    h(
      'p',
      { class: 'note' },
      h('code', { dir: 'ltr' }, event),
      ...(network === null ? [] : [' · ', h('bdi', { dir: 'ltr' }, network)]),
      ...(actor === null ? [] : [' · ', actor]),
    ),
    raw(detail),
  )
}

/** As it stands in the trail. */
const raw = (detail: string | null) => detail !== null && h('p', { class: 'raw' }, h('bdi', {}, detail))

export const channelName = (email: string, channel: string) => (channel === 'email' ? email : channel.toUpperCase())
