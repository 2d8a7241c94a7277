// What stays around the steps: the card with the brand, its colour, the line of progress, and where screen readers are told things.
import { shadesOf } from './color.js'
import { h, set } from './h.js'
import { sheets } from './styles/sheets.js'
import type { Text } from './text.js'
import type { View } from './views/view.js'

export type Brand = { name: string; logo: string | null; color: string }

export class Surface {
  readonly #root: ShadowRoot
  /** the colour, of this element alone */
  readonly #color = new CSSStyleSheet()
  readonly #progress = h('div', { class: 'progress', role: 'progressbar', hidden: true })
  readonly #status = h('p', { class: 'hidden', role: 'status' })

  constructor(root: ShadowRoot) {
    this.#root = root
    root.adoptedStyleSheets = [...sheets(), this.#color]
  }

  /** The card; null before there is anything to show. */
  get card(): HTMLElement | null {
    return this.#root.querySelector<HTMLElement>('.card:not(.waiting)')
  }

  /** The card has its place before there is anything to say. */
  wait(): void {
    if (this.#root.firstChild) return
    this.showProgress(true)
    this.#root.append(h('section', { class: 'card waiting', 'aria-busy': 'true' }, this.#progress))
  }

  frame({ language, direction, words }: Text, { name, logo, color }: Brand): void {
    const inWords = h('span', { class: 'name' }, name)
    // A logo that does not load leaves the name, and no broken picture.
    const onerror = ({ target }: Event) => (target as Element).replaceWith(inWords)
    const brand = logo ? h('img', { src: logo, alt: name, part: 'logo', onerror }) : inWords
    const attributes = { class: 'card', part: 'card', lang: language, dir: direction, 'aria-labelledby': 'heading' }
    const card = h(
      'section',
      attributes,
      this.#progress,
      (logo !== null || name !== '') && h('div', { class: 'brand', part: 'brand' }, brand),
      h('div', { class: 'step' }),
      this.#status,
    )
    set(this.#progress, 'aria-label', words.solving)
    this.#root.replaceChildren(card)
    const shades = Object.entries(shadesOf(color) ?? {})
    this.#color.replaceSync(`:host{${shades.map(([shade, value]) => `--brand-${shade}:${value};`).join('')}}`)
  }

  /** Shows a step, and takes the focus there; a page that only opens takes it from nobody. */
  place(view: View, name: string, isFirst: boolean): void {
    const { card } = this
    card?.querySelector('.step')?.replaceChildren(view.root)
    if (card) set(card, 'data-step', name)
    if (isFirst) return
    if (view.focus) view.focus()
    else this.#root.getElementById('heading')?.focus()
  }

  showProgress(isWorking: boolean): void {
    this.#progress.hidden = !isWorking
  }

  announce(line: string): void {
    this.#status.textContent = line
  }
}
