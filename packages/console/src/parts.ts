// The small parts that the views are made of.
import { type Child, h, set } from '../../element/src/h.js'
import { isolated } from '../../element/src/views/view.js'
import type { User } from './api.js'
import type { Tone } from './meaning.js'
import type { Surroundings } from './surroundings.js'
import type { Text } from './text.js'

export type { Child }
export { h, isolated, set }

/** A moment, whose full time is told to whoever points at it or focuses it. */
export function moment({ short, day, full }: Text, time: string, style: 'short' | 'day' = 'short'): HTMLElement {
  const whole = full(time)
  const shown = style === 'short' ? short(time) : day(time)
  return h('time', { datetime: time, tabindex: '0', 'data-full': whole, 'aria-label': whole }, shown)
}

/** What a user is called: the best that there is. */
export const nameOf = ({ user_name, phone, email, id }: User) => user_name ?? phone ?? email ?? id

export const badge = (label: string, tone: Tone = 'plain') => h('span', { class: `badge ${tone}` }, label)

export function panel(id: string, title: string, ...children: Child[]): HTMLElement {
  return h('section', { class: 'block', 'aria-labelledby': id }, h('h2', { id }, title), ...children)
}

/** Names and their values. */
export function facts(...rows: [string, Child][]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

export const note = (...line: Child[]) => h('p', { class: 'note' }, ...line)

/** What is said of a device, a session, an event. */
export const entry = (...children: Child[]) => h('li', {}, ...children)
export const list = (name: string, ...rows: Child[]) => h('ul', { class: name }, ...rows)

export function button(label: string, onclick: () => void, kind = 'plain'): HTMLButtonElement {
  return h('button', { type: 'button', class: kind, onclick }, label)
}

/** A share of a whole, drawn for those who see: the number stands beside it. */
export function bar(share: number, tone: Tone = 'plain'): SVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  for (const [name, width] of [
    ['whole', 100],
    ['part', Math.round(100 * Math.min(1, Math.max(0, share)))],
  ] as const) {
    const rect = document.createElementNS(space, 'rect')
    for (const [key, value] of Object.entries({ class: name, width, height: 6, rx: 3 })) set(rect, key, value)
    svg.append(rect)
  }
  for (const [key, value] of Object.entries({ class: `gauge ${tone}`, viewBox: '0 0 100 6', 'aria-hidden': 'true' }))
    set(svg, key, value)
  return svg
}

/**
 * Fills a place with what comes of a call. Meanwhile it is busy; where the call fails, it says why, and that it may be tried again.
 * Answers whether it came.
 */
export async function fill<Result>(
  around: Surroundings,
  place: HTMLElement,
  run: () => Promise<Result>,
  show: (result: Result) => Child[],
): Promise<boolean> {
  set(place, 'aria-busy', 'true')
  try {
    const result = await run()
    if (around.signal.aborted) return false
    place.replaceChildren(...(show(result) as Node[]))
    return true
  } catch (error) {
    const line = around.failure(error)
    if (around.signal.aborted) return false
    const again = button(around.text.own.retry, () => void fill(around, place, run, show))
    place.replaceChildren(h('p', { class: 'error', role: 'alert' }, line), again)
    return false
  } finally {
    set(place, 'aria-busy', null)
  }
}

type Attributes = Parameters<typeof h>[1]
/** Roles are told, since a narrow window makes lines of cells, and some browsers forget then what they are. */
export const line = (...cells: Child[]) => h('tr', { role: 'row' }, ...cells)
export const head = (attributes: Attributes, ...name: Child[]) =>
  h('th', { scope: 'col', role: 'columnheader', ...attributes }, ...name)
export const rowHead = (name: Child) => h('th', { scope: 'row', role: 'rowheader' }, name)
/** @param name of its column, for where that is not seen above it */
export const cell = (name: string, kind: string, ...content: Child[]) =>
  h('td', { role: 'cell', class: kind, 'data-name': name }, ...content)
export function table(heads: Child[], ...bodies: HTMLElement[]): HTMLTableElement {
  for (const body of bodies) set(body, 'role', 'rowgroup')
  return h('table', { role: 'table' }, h('thead', { role: 'rowgroup' }, line(...heads)), ...bodies)
}

/** A table that is moved within its own box where it is too wide. */
export function scrolled(label: string, table: HTMLTableElement): HTMLElement {
  return h('div', { class: 'scrolled', role: 'group', 'aria-label': label, tabindex: '0' }, table)
}
