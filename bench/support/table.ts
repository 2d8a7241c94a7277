// Tables of text, which read the same in a terminal and as Markdown, and numbers in them.
import type { Spread } from './statistics.js'

/** The first column is on the left, the others are numbers. */
export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0
    return column === 0 ? cell.padEnd(width) : cell.padStart(width)
  }
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [header, rule, ...rows].map((cells) => `| ${cells.map(pad).join(' | ')} |`).join('\n')
}

/** A number with so many decimals; `n/a` for null. */
export function decimals(value: number | null, digits: number): string {
  if (value === null) return 'n/a'
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** `median (minimum–maximum)`, or the one number where there is no other. */
export function withSpread({ median, minimum, maximum }: Spread, digits: number): string {
  if (minimum === maximum) return decimals(median, digits)
  return `${decimals(median, digits)} (${decimals(minimum, digits)}–${decimals(maximum, digits)})`
}
