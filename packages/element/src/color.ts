// The one colour of a brand, made readable: on both backgrounds for text and rings, and with text upon it (WCAG 2.2, 1.4.3: 4.5 to 1).
/** The names are those of the custom properties in styles/tokens.css. */
export type Shades = { light: string; 'light-ink': string; dark: string; 'dark-ink': string }

type Rgb = readonly [number, number, number]

const paper: Rgb = [255, 255, 255]
/** The card in the dark, as tokens.ts has it. */
const night: Rgb = [28, 30, 33]
const readable = 4.5

/** Shades of `#rgb` or `#rrggbb`; null for what is no such colour. */
export function shadesOf(color: string): Shades | null {
  const rgb = parse(color)
  if (!rgb) return null
  const light = toward(rgb, [0, 0, 0], paper)
  const dark = toward(rgb, [255, 255, 255], night)
  return { light: hex(light), 'light-ink': inkOn(light), dark: hex(dark), 'dark-ink': inkOn(dark) }
}

function parse(color: string): Rgb | null {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color.trim())?.[1]
  if (!digits) return null
  const long = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  const at = (place: number) => Number.parseInt(long.slice(place, place + 2), 16)
  return [at(0), at(2), at(4)]
}

/** The colour, moved as little as needed until it can be read on the background. */
function toward(color: Rgb, end: Rgb, background: Rgb): Rgb {
  for (let part = 0; part < 1; part += 0.02) {
    const [red, green, blue] = color.map((value, index) => Math.round(value + (Number(end[index]) - value) * part))
    const mixed: Rgb = [Number(red), Number(green), Number(blue)]
    if (contrast(mixed, background) >= readable) return mixed
  }
  return end
}

const inkOn = (color: Rgb) => (contrast(color, paper) >= readable ? '#ffffff' : '#000000')
const hex = (color: Rgb) => `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`

/** Contrast of two colours (WCAG 2.2, definition of "contrast ratio"). */
export function contrast(one: Rgb, other: Rgb): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
