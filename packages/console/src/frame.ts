// What stays around the views: the bar with the ways through the console, the place of the view, and of dialogs.
import { shadesOf } from '../../element/src/color.js'
import type { PageConfig } from '../../element/src/hosted.js'
import { css as account } from '../../element/src/styles/account.css'
import { sheetOf, sheets } from '../../element/src/styles/sheets.js'
import { button, type Child, h } from './parts.js'
import type { Route } from './router.js'
import { css as own } from './styles/console.css'
import { css as tables } from './styles/tables.css'
import type { Surroundings, View } from './surroundings.js'
import type { Text } from './text.js'

type Bar = { who: string; current: Route['name']; signOut: () => void }

export class Frame {
  readonly #root: ShadowRoot
  readonly #config: PageConfig
  readonly #status = h('p', { class: 'hidden', role: 'status' })
  readonly #main = h('main', { id: 'main', tabindex: '-1' })
  readonly dialogs = h('div', { class: 'dialogs' })
  #bar: HTMLElement | null = null

  constructor(root: ShadowRoot, config: PageConfig) {
    this.#root = root
    this.#config = config
    const shades = Object.entries(shadesOf(config.color ?? '') ?? {})
    const color = new CSSStyleSheet()
    color.replaceSync(`:host{${shades.map(([shade, value]) => `--brand-${shade}:${value};`).join('')}}`)
    root.adoptedStyleSheets = [...sheets(), ...[account, own, tables].map(sheetOf), color]
    this.#main.append(h('div', { class: 'progress' }))
    root.append(h('div', { class: 'shell waiting' }, this.#main))
  }

  announce(line: string): void {
    this.#status.textContent = line
  }

  #place(text: Text, kind: string, ...children: Child[]): void {
    this.#bar = null
    const attributes = { class: `shell ${kind}`, lang: text.language, dir: text.direction }
    this.#root.replaceChildren(h('div', attributes, ...children, this.dialogs, this.#status))
  }

  signIn(text: Text, element: HTMLElement, line: string): void {
    this.dialogs.replaceChildren()
    const why = line === '' ? [] : [h('p', { class: 'error', role: 'alert' }, line)]
    this.#main.replaceChildren(h('p', { class: 'title' }, text.own.title), ...why, element)
    this.#place(text, 'alone', this.#main)
  }

  /** A page with a few words and what can be done. */
  notice(text: Text, title: string, lead: string, buttons: HTMLElement[]): void {
    const heading = h('h1', { tabindex: '-1' }, title)
    this.#main.replaceChildren(
      h('p', { class: 'title' }, text.own.title),
      h('div', { class: 'block notice' }, heading, lead !== '' && h('p', { class: 'lead' }, lead), ...buttons),
    )
    this.#place(text, 'alone', this.#main)
    heading.focus()
  }

  /** The bar, anew for each view; what was told belongs to the view before. */
  shell({ text, link }: Surroundings, { who, current, signOut }: Bar): void {
    const { own, words } = text
    const ways = (['users', 'numbers', 'blocks'] as const).map((name) => {
      const way = link({ name })
      way.append(own[name])
      if (name === current) way.setAttribute('aria-current', 'page')
      return h('li', {}, way)
    })
    const { logo, name = '' } = this.#config
    const inWords = h('span', { class: 'name' }, name)
    const onerror = ({ target }: Event) => (target as Element).replaceWith(inWords)
    const skip = h('a', { class: 'skip', href: '#main', onclick: (event) => this.#skip(event) }, own.skip)
    const bar = h(
      'header',
      { class: 'bar' },
      skip,
      h('div', { class: 'brand' }, logo ? h('img', { src: logo, alt: name, onerror }) : inWords),
      h('nav', { 'aria-label': own.title }, h('ul', {}, ...ways)),
      h('div', { class: 'self' }, h('bdi', { class: 'note' }, who), button(words.sign_out, signOut, 'link')),
    )
    if (this.#bar) this.#bar.replaceWith(bar)
    else this.#place(text, 'inside', bar, this.#main)
    this.#bar = bar
    this.announce('')
  }

  #skip(event: Event): void {
    event.preventDefault()
    this.#main.focus()
  }

  place({ root, focus }: View, isMoved: boolean): void {
    this.#main.replaceChildren(root)
    if (isMoved) this.#main.querySelector<HTMLElement>('h1')?.focus()
    else focus?.()
  }
}
