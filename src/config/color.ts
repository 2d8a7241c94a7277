// Contrast of colours (WCAG 2.2), for the one colour of a brand: for the settings, and for packages/element, which makes it readable.

type Scheme = 'light' | 'dark'

/** The card behind text in each scheme, as packages/element/src/styles/tokens.css has it. */
export const backgrounds: Readonly<Record<Scheme, string>> = { light: '#ffffff', dark: '#1c1e21' }

/** What text of any size needs at level AA (1.4.3). */
export const readable = 4.5

/** Relative luminance of `#rrggbb`, 0 to 1. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

/** Schemes in which text of this colour could not be read on the page. */
export function faintOn(color: string): readonly Scheme[] {
  return (['light', 'dark'] as const).filter((scheme) => contrast(color, backgrounds[scheme]) < readable)
}

/** The text on a surface of this colour: of black and white at least one has a contrast of 4.58 with any. */
export function inkOn(color: string): '#ffffff' | '#000000' {
  return contrast(color, '#ffffff') >= readable ? '#ffffff' : '#000000'
}
