// Figures of repeated runs: medians with what lies around them, and ratios of runs that stood side by side.

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** `1234 (1100–1300)`: median, smallest and largest. */
export function spread(values: readonly number[], digits = 0): string {
  const [middle, least, most] = [percentile(values, 0.5), Math.min(...values), Math.max(...values)]
  return `${middle.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`
}

/** Each of a repetition against its neighbour, which met the same weather. */
export function ratios(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, index) => value / Number(others[index]))
}
