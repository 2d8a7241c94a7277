// What became of somebody's messages, and what happened: a page at a time.
import type { Happening, Message, Page } from '../api.js'
import { meaningOfMessage, nameOfEvent } from '../meaning.js'
import { badge, button, type Child, entry, fill, h, list, moment, note, panel } from '../parts.js'
import type { Surroundings } from '../surroundings.js'

export function history(around: Surroundings, id: string): HTMLElement[] {
  const { text, api } = around
  const { own } = text
  return [
    paged(
      around,
      'messages',
      own.messages,
      (cursor) => api.messages(id, cursor),
      (rows) => rows.map((row) => messageRow(around, row)),
    ),
    paged(
      around,
      'events',
      own.events,
      (cursor) => api.events(id, cursor),
      (rows) => eventRows(around, rows),
    ),
  ]
}

function paged<Row>(
  around: Surroundings,
  name: string,
  title: string,
  read: (cursor?: string) => Promise<Page<Row>>,
  rowsOf: (rows: Row[]) => HTMLElement[],
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
        const made = rowsOf(found)
        rows.append(...made)
        if (cursor !== undefined) made[0]?.querySelector<HTMLElement>('summary, time')?.focus()
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

const isRead = ({ event }: Happening) => event === 'sensitive_read'

/** Every look at this page is an event too: many in a row are one line, so that they hide nothing of what happened to the person. */
function eventRows(around: Surroundings, events: Happening[]): HTMLElement[] {
  const { own, number } = around.text
  const runs = events.reduce<Happening[][]>((all, each) => {
    const run = all.at(-1)
    if (run?.[0] && isRead(run[0]) && isRead(each)) run.push(each)
    else all.push([each])
    return all
  }, [])
  return runs.flatMap((run) => {
    const made = run.map((each) => eventRow(around, each))
    if (made.length === 1) return made
    return entry(h('details', {}, h('summary', {}, `${own.ev_read} (${number(made.length)})`), list('rows', ...made)))
  })
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
