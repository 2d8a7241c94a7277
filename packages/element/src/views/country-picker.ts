// The country of a phone number: a button that opens a list with a search field (WAI-ARIA APG, "Editable Combobox With List Autocomplete").
import type { PhonePrefix } from '../client.js'
import { h, icon, set } from '../h.js'
import { flagOf, searchCountries } from '../identify.js'
import type { Text } from '../text.js'

const down = 'm6 9 6 6 6-6'

/**
 * @param isFixed where there is nothing to choose: the prefix is shown alone
 * @param onChoose hears what the person chose
 */
export function countryPicker(
  text: Text,
  prefixes: readonly PhonePrefix[],
  first: string,
  isFixed: boolean,
  onChoose: (country: string) => void,
) {
  const { words } = text
  const compare = new Intl.Collator(text.language).compare
  const countries = prefixes
    .map((each) => ({ ...each, name: text.countryName(each.country) }))
    .sort((one, other) => compare(one.name, other.name))
  const nameOf = (code: string) => {
    const known = countries.find(({ country }) => country === code)
    return `${known?.name ?? ''} ${known?.prefix ?? ''}`
  }
  const chosen = h('span', { class: 'chosen', dir: 'ltr' })
  const show = (country: string) => {
    const flag = h('span', { class: 'flag', 'aria-hidden': 'true' }, flagOf(country))
    const prefix = countries.find((each) => each.country === country)?.prefix ?? ''
    chosen.replaceChildren(flag, ` ${prefix}`)
  }
  let current = first
  show(first)
  if (isFixed) return { root: h('span', { class: 'prefix' }, chosen), choose: show }

  const button = h(
    'button',
    {
      type: 'button',
      class: 'prefix',
      part: 'country',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      onclick: toggle,
    },
    chosen,
    icon(down),
  )
  const search = h('input', {
    type: 'search',
    class: 'search',
    role: 'combobox',
    placeholder: words.search_country,
    'aria-label': words.search_country,
    'aria-controls': 'countries',
    'aria-expanded': 'true',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    oninput: () => fill(),
    onkeydown: onKey,
  })
  const list = h('ul', { id: 'countries', role: 'listbox', 'aria-label': words.country })
  const none = h('p', { class: 'none', role: 'status' })
  const panel = h(
    'div',
    { class: 'panel', role: 'dialog', 'aria-label': words.country, hidden: true },
    search,
    list,
    none,
  )
  const root = h('div', { class: 'picker', onfocusout: onLeave }, button, panel)
  let active = 0
  let found = countries

  function fill(): void {
    found = searchCountries(countries, search.value)
    active = Math.max(0, search.value === '' ? found.findIndex(({ country }) => country === current) : 0)
    list.replaceChildren(
      ...found.map(({ country, name, prefix }, index) =>
        h(
          'li',
          {
            id: `country-${country}`,
            role: 'option',
            'aria-selected': String(country === current),
            onclick: () => take(index),
          },
          h('span', { class: 'flag', 'aria-hidden': 'true' }, flagOf(country)),
          h('span', { class: 'name' }, name),
          h('span', { class: 'number', dir: 'ltr' }, prefix),
        ),
      ),
    )
    none.textContent = found.length === 0 ? words.no_country : ''
    mark()
  }

  function mark(): void {
    for (const [index, option] of [...list.children].entries()) option.classList.toggle('active', index === active)
    const option = list.children[active]
    set(search, 'aria-activedescendant', option?.id)
    option?.scrollIntoView({ block: 'nearest' })
  }

  function choose(country: string): void {
    current = country
    show(country)
    set(button, 'aria-label', `${words.country}: ${nameOf(country)}`)
  }

  function take(index: number): void {
    const taken = found[index]
    if (!taken) return
    choose(taken.country)
    close()
    button.focus()
    onChoose(taken.country)
  }

  function toggle(): void {
    if (panel.hidden) open()
    else close()
  }

  function open(): void {
    panel.hidden = false
    set(button, 'aria-expanded', 'true')
    search.value = ''
    fill()
    search.focus()
  }

  function close(): void {
    panel.hidden = true
    set(button, 'aria-expanded', 'false')
  }

  function onKey(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }
    const step = steps[event.key]
    if (step !== undefined) {
      active = Math.min(found.length - 1, Math.max(0, active + step))
      mark()
    } else if (event.key === 'Enter') take(active)
    else if (event.key === 'Escape') {
      close()
      button.focus()
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  function onLeave({ relatedTarget }: FocusEvent): void {
    // Null where the window itself lost the focus, or something in the list was pressed that takes none.
    if (relatedTarget && !root.contains(relatedTarget as Node)) close()
  }

  choose(first)
  return { root, choose }
}
