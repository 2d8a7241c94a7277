// What became of messages, by channel, country and driver: live while somebody looks.
import { LatchkeyError } from '../../../element/src/client.js'
import type { Numbers } from '../api.js'
import { bar, type Child, cell, h, head, line, rowHead, scrolled, set, table } from '../parts.js'
import type { Surroundings, View } from '../surroundings.js'
import { channelName } from './history.js'

/** Milliseconds between two looks. */
const pace = 10_000
const periods = [1, 24, 168] as const

type Row = Numbers['messages'][number]
type Column = keyof Row
const columns: Column[] = ['channel', 'country', 'driver', 'sent', 'delivered', 'failed', 'verified', 'cost']
const isText = (column: Column) => column === 'channel' || column === 'country' || column === 'driver'

/** Stays while somebody goes elsewhere and comes back. */
const chosen: { hours: number; column: Column; isDescending: boolean } = {
  hours: 24,
  column: 'sent',
  isDescending: true,
}

export function numbersView(around: Surroundings): View {
  const { text, api, proven, failure, signal } = around
  const { own } = text
  let numbers: Numbers | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStuck = false
  const error = h('p', { class: 'error', role: 'alert' })
  const status = h('p', { class: 'note' })
  const body = h('tbody', {})
  const foot = h('tfoot', {})
  const nameOf = (column: Column) => (column === 'country' ? text.words.country : own[column])
  const heads = new Map(columns.map((column) => [column, headOf(column)]))
  const grid = table([...heads.values()], body, foot)

  function headOf(column: Column): HTMLElement {
    const sort = () => {
      const isAgain = chosen.column === column
      Object.assign(chosen, { column, isDescending: isAgain ? !chosen.isDescending : !isText(column) })
      draw()
    }
    const press = h('button', { type: 'button', class: 'sort', onclick: sort }, nameOf(column))
    return head({ class: isText(column) ? '' : 'number' }, press)
  }

  function draw(): void {
    for (const [column, cell] of heads) {
      const order = chosen.isDescending ? 'descending' : 'ascending'
      set(cell, 'aria-sort', column === chosen.column ? order : null)
    }
    if (numbers === null) return
    const { messages, currency } = numbers
    const rows = [...messages].sort((one, other) => compare(one, other, text.language))
    body.replaceChildren(...rows.map((row) => lineOf(row, currency)))
    foot.replaceChildren(...(rows.length > 1 ? [lineOf(totalOf(rows), currency, true)] : []))
    grid.hidden = rows.length === 0
    status.textContent = text.format(own.updated, { when: text.clock(Date.now()) })
    if (rows.length === 0) status.prepend(`${own.no_messages} `)
  }

  function lineOf(row: Row, currency: string | null, isTotal = false): HTMLElement {
    const { channel, country, driver, sent, delivered, failed, verified, cost } = row
    const count = (column: Column, value: number, isShare = false): Child =>
      cell(
        nameOf(column),
        'number',
        text.number(value),
        isShare && sent > 0 && h('span', { class: 'share' }, text.share(value / sent), bar(value / sent, 'good')),
      )
    const where = country === null ? '–' : text.countryName(country)
    return line(
      rowHead(isTotal ? own.total : channelName(text.words.email, channel)),
      cell(nameOf('country'), '', isTotal ? '' : where),
      cell(own.driver, '', !isTotal && h('bdi', {}, driver ?? '–')),
      count('sent', sent),
      count('delivered', delivered, true),
      count('failed', failed),
      count('verified', verified, true),
      cell(own.cost, 'number', cost === null || currency === null ? '–' : text.money(cost, currency)),
    )
  }

  /** @param isAsked somebody waits for it: a proof may be asked for */
  async function load(isAsked: boolean): Promise<void> {
    clearTimeout(timer)
    const { hours } = chosen
    grid.setAttribute('aria-busy', 'true')
    try {
      const read = () => api.numbers(hours)
      const answer = await (isAsked ? proven(read) : read())
      if (signal.aborted || hours !== chosen.hours) return
      numbers = answer
      error.replaceChildren()
      draw()
      plan()
      isStuck = false
    } catch (thrown) {
      if (!signal.aborted) fail(thrown)
    }
    grid.removeAttribute('aria-busy')
  }

  function fail(thrown: unknown): void {
    const line = failure(thrown)
    // The same line is not told again with each look.
    if (error.firstChild?.textContent !== line) error.replaceChildren(line, ' ', again())
    // Nobody is asked for a code while they look elsewhere: that waits for a press. What passes by itself does not.
    isStuck = !isPassing(thrown)
    if (!isStuck) plan()
  }

  const again = () => h('button', { type: 'button', class: 'link', onclick: () => void load(true) }, own.retry)

  function plan(): void {
    clearTimeout(timer)
    if (document.visibilityState === 'visible' && !signal.aborted) timer = setTimeout(() => void load(false), pace)
  }

  const onVisible = () => {
    clearTimeout(timer)
    if (document.visibilityState === 'visible' && !isStuck) void load(false)
  }
  document.addEventListener('visibilitychange', onVisible, { signal })
  signal.addEventListener('abort', () => clearTimeout(timer))

  const period = h(
    'div',
    { class: 'switch', role: 'radiogroup', 'aria-label': own.period },
    ...periods.map((hours) => {
      const onchange = () => {
        chosen.hours = hours
        void load(true)
      }
      const isChosen = hours === chosen.hours
      const input = h('input', { type: 'radio', name: 'period', value: hours, checked: isChosen, onchange })
      return h('label', {}, input, h('span', {}, hours === 168 ? text.length(7, 'day') : text.length(hours, 'hour')))
    }),
  )
  const root = h(
    'div',
    { class: 'numbers' },
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, own.numbers), period),
    error,
    h('div', { class: 'block' }, scrolled(own.numbers, grid), status),
  )
  grid.hidden = true
  draw()
  void load(true)
  return { root, title: own.numbers }
}

/** No answer came, or it was that there is none right now: the next look may have one. */
const isPassing = (error: unknown) =>
  error instanceof LatchkeyError && (error.status === 0 || error.status === 429 || error.status >= 500)

function compare(one: Row, other: Row, language: string): number {
  const { column, isDescending } = chosen
  const [first, second] = [one[column], other[column]]
  const order = isText(column)
    ? String(first ?? '').localeCompare(String(second ?? ''), language)
    : Number(first ?? -1) - Number(second ?? -1)
  return isDescending ? -order : order
}

function totalOf(rows: readonly Row[]): Row {
  const sum = (name: 'sent' | 'delivered' | 'failed' | 'verified') => rows.reduce((all, row) => all + row[name], 0)
  const costs = rows.map(({ cost }) => cost).filter((cost) => cost !== null)
  return {
    ...{ channel: '', country: null, driver: null },
    ...{ sent: sum('sent'), delivered: sum('delivered'), failed: sum('failed'), verified: sum('verified') },
    // Of those alone whose price is known: a sum that leaves some out would look like all of it.
    cost: costs.length === rows.length ? costs.reduce((all, cost) => all + cost, 0) : null,
  }
}
