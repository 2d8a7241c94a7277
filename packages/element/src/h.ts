// Elements of the DOM by calls. No text is ever parsed as HTML, and no style is an attribute: a strict policy forbids both.
export type Child = Node | string | null | false | undefined

type Listeners = { [Name in keyof HTMLElementEventMap as `on${Name}`]?: (event: HTMLElementEventMap[Name]) => void }
type Attributes = Record<string, string | number | boolean | null | undefined | object> & Listeners

/**
 * An element with attributes, listeners (`onclick`) and children. `true` is an attribute without a value; null, undefined and false are
 * none.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else set(element, name, value as string)
  }
  element.append(...children.filter((child) => child !== null && child !== false && child !== undefined))
  return element
}

/** Sets or takes away an attribute. */
export function set(element: Element, name: string, value: string | number | boolean | null | undefined): void {
  if (value === null || value === undefined || value === false) element.removeAttribute(name)
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? '' : String(value))
}

/** A drawing of lines, 24 by 24, for those who see. */
export function icon(path: string): SVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  const line = document.createElementNS(space, 'path')
  set(svg, 'viewBox', '0 0 24 24')
  set(svg, 'aria-hidden', 'true')
  set(svg, 'class', 'icon')
  set(line, 'd', path)
  svg.append(line)
  return svg
}
