// The one colour of a brand, made readable: on both backgrounds for text and rings, and with text upon it (WCAG 2.2, 1.4.3: 4.5 to 1).
import { backgrounds, contrast, inkOn, readable } from '../../../src/config/color.js'

/** The names are those of the custom properties in styles/tokens.css. */
export type Shades = { light: string; 'light-ink': string; dark: string; 'dark-ink': string }

type Rgb = readonly [number, number, number]

/** Shades of `#rgb` or `#rrggbb`; null for what is no such colour. */
export function shadesOf(color: string): Shades | null {
  const rgb = parse(color)
  if (!rgb) return null
  const light = toward(rgb, [0, 0, 0], backgrounds.light)
  const dark = toward(rgb, [255, 255, 255], backgrounds.dark)
  return { light, 'light-ink': inkOn(light), dark, 'dark-ink': inkOn(dark) }
}

function parse(color: string): Rgb | null {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color.trim())?.[1]
  if (!digits) return null
  const long = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  const at = (place: number) => Number.parseInt(long.slice(place, place + 2), 16)
  return [at(0), at(2), at(4)]
}

/** The colour, moved as little as needed until it can be read on the background. */
function toward(color: Rgb, end: Rgb, background: string): string {
  for (let part = 0; part < 1; part += 0.02) {
    const mixed = hex(color.map((value, index) => Math.round(value + (Number(end[index]) - value) * part)))
    if (contrast(mixed, background) >= readable) return mixed
  }
  return hex(end)
}

const hex = (color: readonly number[]) => `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`
