// Finding somebody. What is typed stays in this page: it is in no address and no history.
import type { Page, User } from '../api.js'
import { badge, button, h, isolated, moment, nameOf } from '../parts.js'
import type { Surroundings, View } from '../surroundings.js'

/** Milliseconds without a key until it is looked for. */
const pause = 250

/** What was found last, for who comes back to it. */
let last: { text: string; page: Page<User> } | null = null

/** For whoever signs out: the next one finds nothing of it. */
export function forgetSearch(): void {
  last = null
}

export function usersView(around: Surroundings): View {
  const { text, api, signal, failure } = around
  const { own } = text
  const input = h('input', {
    type: 'search',
    id: 'search',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    'aria-describedby': 'search-hint',
    maxlength: 200,
    value: last?.text ?? '',
  })
  const status = h('p', { class: 'note', role: 'status' })
  const results = h('ul', { class: 'results' })
  const more = h('div', { class: 'more' })
  const error = h('p', { class: 'error', role: 'alert' })
  let asking = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    asking.abort()
  })

  async function find(cursor?: string): Promise<void> {
    asking.abort()
    asking = new AbortController()
    const { signal: current } = asking
    const typed = input.value.trim()
    results.setAttribute('aria-busy', 'true')
    try {
      const page = await api.find(typed, cursor, current)
      const rows = cursor === undefined || last === null ? page.rows : [...last.page.rows, ...page.rows]
      last = { text: typed, page: { rows, next: page.next } }
      error.textContent = ''
      show()
    } catch (thrown) {
      if (!current.aborted) error.textContent = failure(thrown)
    }
    if (!current.aborted) results.removeAttribute('aria-busy')
  }

  function show(): void {
    if (last === null) return
    const { text: typed, page } = last
    const had = results.childElementCount
    results.replaceChildren(...page.rows.map((user) => row(around, user)))
    const count = text.number(page.rows.length) + (page.next === null ? '' : '+')
    status.textContent =
      page.rows.length === 0 ? own.none_found : typed === '' ? own.newest : text.format(own.found, { count })
    const { next } = page
    const hadFocus = more.contains((more.getRootNode() as ShadowRoot).activeElement)
    more.replaceChildren(...(next === null ? [] : [button(own.more, () => void find(next))]))
    if (hadFocus) results.querySelectorAll('a')[had]?.focus()
  }

  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(() => void find(), pause)
  })
  const search = h(
    'form',
    {
      role: 'search',
      class: 'search',
      onsubmit: (event) => {
        event.preventDefault()
        clearTimeout(timer)
        void find()
      },
    },
    h('label', { for: 'search' }, own.search),
    input,
    h('p', { class: 'note', id: 'search-hint' }, own.search_hint),
  )
  const root = h('div', {}, h('h1', { tabindex: '-1' }, own.users), search, error, status, results, more)
  root.addEventListener('keydown', (event) => step(event, [input, ...results.querySelectorAll('a')]))
  if (last === null) void find()
  else show()
  return { root, title: own.users, focus: () => input.focus() }
}

/** Arrows lead from the field through what was found, and back. */
function step(event: KeyboardEvent, places: HTMLElement[]): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const at = places.indexOf(event.composedPath()[0] as HTMLElement)
  const next = places[at + (by ?? 0)]
  if (by === undefined || at < 0 || next === undefined) return
  event.preventDefault()
  next.focus()
}

function row({ text, link }: Surroundings, user: User): HTMLElement {
  const { id, user_name, phone, email, role, created_at } = user
  const name = nameOf(user)
  const others = [user_name === null ? null : phone, email].filter((each) => each !== null && each !== name)
  const opened = link({ name: 'user', id })
  opened.append(h('bdi', {}, name))
  return h(
    'li',
    {},
    h('div', { class: 'main' }, opened, role === 'ADMIN' && badge(text.own.admin)),
    h('div', { class: 'others' }, ...others.map((each) => isolated(String(each)))),
    h('div', { class: 'when' }, moment(text, created_at, 'day')),
  )
}
