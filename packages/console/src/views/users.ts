// Finding somebody. What is typed stays in this page: it is in no address and no history.
import { linkButton } from '../../../element/src/views/view.js'
import { type Page, pageSize, type User } from '../api.js'
import { badge, button, h, isolated, moment, nameOf, set } from '../parts.js'
import { sought } from '../sought.js'
import type { Surroundings, View } from '../surroundings.js'

/** Milliseconds without a key until it is looked for. */
const pause = 250

/** What was found last, for who comes back to it. */
let last: { text: string; page: Page<User> } | null = null

/** Whoever was deleted is found no more. */
export function forgetUser(id: string): void {
  if (last !== null) last.page.rows = last.page.rows.filter((user) => user.id !== id)
}

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
  // Until it is found what is typed, nobody opens somebody else by a quick key.
  const wait = (isWaiting: boolean) => {
    for (const place of [results, more]) set(place, 'inert', isWaiting)
    set(results, 'aria-busy', isWaiting ? 'true' : null)
  }
  const error = h('p', { class: 'error', role: 'alert' })
  let asking = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    asking.abort()
  })

  async function find(cursor?: string): Promise<void> {
    clearTimeout(timer)
    asking.abort()
    asking = new AbortController()
    const { signal: current } = asking
    const typed = sought(input.value)
    wait(typed !== last?.text)
    set(more, 'aria-busy', 'true')
    try {
      const page = await api.find(typed, cursor, current)
      const rows = cursor === undefined || last === null ? page.rows : [...last.page.rows, ...page.rows]
      last = { text: typed, page: { rows, next: page.next } }
      show()
    } catch (thrown) {
      if (!current.aborted) fail(failure(thrown), typed, cursor)
    }
    if (current.aborted) return
    wait(false)
    set(more, 'aria-busy', null)
  }

  function fail(line: string, typed: string, cursor: string | undefined): void {
    error.replaceChildren(
      line,
      ' ',
      linkButton(own.retry, () => void find(cursor)),
    )
    if (typed === last?.text) return
    // What is shown was found by another text.
    last = null
    status.textContent = ''
    for (const place of [results, more]) place.replaceChildren()
  }

  function show(): void {
    if (last === null) return
    const { text: typed, page } = last
    error.replaceChildren()
    const had = results.childElementCount
    const { activeElement } = root.getRootNode() as ShadowRoot
    const links: (Element | null)[] = [...results.querySelectorAll('a')]
    const at = more.contains(activeElement) ? had : links.indexOf(activeElement)
    results.replaceChildren(...page.rows.map((user) => row(around, user)))
    const count = text.number(page.rows.length) + (page.next === null ? '' : '+')
    status.textContent =
      page.rows.length === 0 ? own.none_found : typed === '' ? own.newest : text.format(own.found, { count })
    const { next } = page
    more.replaceChildren(...(next === null ? [] : [button(own.more, () => void find(next))]))
    if (at >= 0) results.querySelectorAll('a')[at]?.focus()
  }

  input.addEventListener('input', () => {
    clearTimeout(timer)
    wait(sought(input.value) !== last?.text)
    timer = setTimeout(() => void find(), pause)
  })
  const search = h(
    'form',
    {
      role: 'search',
      class: 'search',
      onsubmit: (event) => {
        event.preventDefault()
        void find()
      },
    },
    h('label', { for: 'search' }, own.search),
    input,
    h('p', { class: 'note', id: 'search-hint' }, own.search_hint),
  )
  const root = h('div', {}, h('h1', { tabindex: '-1' }, own.users), search, status, results, error, more)
  root.addEventListener('keydown', (event) => step(event, [input, ...results.querySelectorAll('a')]))
  show()
  // What was found before is there at once, and looked up again behind it; not where that would take pages away.
  if (last === null || last.page.rows.length <= pageSize) void find()
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
